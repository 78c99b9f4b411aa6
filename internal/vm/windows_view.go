// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"math/bits"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A mapping of a file is a view. A view begins at a multiple of granularity in the file and in
// memory, which is more than a page. A mapping may begin at any page, so its view may begin
// earlier:
//
//	view = mapping − Offset % granularity = mapping rounded down to granularity
//
// Only a view in the place of a placeholder (windows_place.go) is the mapping itself.
//
// A view ends at the end of the file at the latest. While a file has a view, nobody can make
// it shorter, or remove its only name.

// A viewKind has the protections of the section and of its view.
type viewKind struct{ section, view uint32 }

func kindOfView(k *Kind) viewKind {
	switch {
	case k.Access != ReadWrite:
		return viewKind{windows.PAGE_READONLY, windows.FILE_MAP_READ}
	case k.Shared:
		return viewKind{windows.PAGE_READWRITE, windows.FILE_MAP_READ | windows.FILE_MAP_WRITE}
	}
	return viewKind{windows.PAGE_WRITECOPY, windows.FILE_MAP_COPY}
}

// sectionOf returns the section for a mapping of size bytes, and the end of its view in the file.
// The section is as long as the file, and lives as long as a view of it or its handle.
func sectionOf(size uintptr, k *Kind) (section windows.Handle, end int64, err error) {
	info, err := sysStat(k.File.fd)
	if err != nil {
		return 0, 0, err
	}
	page := int64(pageSize)
	if k.Offset+int64(size) > (info.Size+page-1)&^(page-1) {
		return 0, 0, Need(FilesAhead)
	}
	section, err = windows.CreateFileMapping(windows.Handle(k.File.fd), nil, kindOfView(k).section, 0, 0, nil)
	return section, min(k.Offset+int64(size), info.Size), err
}

// mapView maps size bytes of a file.
func mapView(size uintptr, k *Kind) (uintptr, error) {
	section, end, err := sectionOf(size, k)
	if err != nil {
		return 0, err
	}
	defer windows.CloseHandle(section)
	begin := k.Offset &^ (granularity - 1)
	view, err := windows.MapViewOfFile(section, kindOfView(k).view, uint32(begin>>32), uint32(begin), uintptr(end-begin))
	if err != nil {
		return 0, err
	}
	base := view + uintptr(k.Offset-begin)
	if k.Access == NoAccess {
		if err := sysProtect(base, size, NoAccess); err != nil {
			_ = windows.UnmapViewOfFile(view)
			return 0, err
		}
	}
	return base, nil
}

// mapViewAt maps size bytes of a file in the place of a placeholder of that size. If the file ends
// inside a page, so does the view. The system may insist on whole pages, and then takes 0 for the
// bytes up to the end of the section.
func mapViewAt(at, size uintptr, k *Kind) error {
	section, end, err := sectionOf(size, k)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(section)
	length := uintptr(end - k.Offset)
	if err = replacePlaceholder(section, at, length, k); err != nil && length%pageSize != 0 {
		err = replacePlaceholder(section, at, 0, k)
	}
	return err
}

func replacePlaceholder(section windows.Handle, at, length uintptr, k *Kind) error {
	offset := uint64(k.Offset)
	arguments := []uintptr{uintptr(section), uintptr(windows.CurrentProcess()), at, uintptr(offset)}
	if bits.UintSize == 32 { // an offset is two words there
		arguments = append(arguments, uintptr(offset>>32))
	}
	arguments = append(arguments, length, memReplacePlaceholder, uintptr(kindOfView(k).section), 0, 0)
	base, _, err := mapViewOfFile3.Call(arguments...)
	if base == 0 {
		return err
	}
	return nil
}

// query returns what the system knows about the pages at an address.
func query(addr uintptr) (info windows.MemoryBasicInformation, err error) {
	err = windows.VirtualQuery(addr, &info, unsafe.Sizeof(info))
	return info, err
}

const memMapped = 0x40000 // MEM_MAPPED, which x/sys does not have

// unmapView releases the view of a mapping.
func unmapView(base uintptr) error {
	info, err := query(base)
	if err != nil {
		return err
	}
	if view := info.AllocationBase; info.Type != memMapped || view != base && view != raw.AlignDown(base, granularity) {
		return windows.ERROR_INVALID_ADDRESS // a part of a mapping
	}
	return windows.UnmapViewOfFile(info.AllocationBase)
}

// sysSync writes the pages to the file, and then the file to the disk. The system refuses it while
// it writes the same pages by itself. A handle that cannot write has changed nothing.
func sysSync(fd int, base, size uintptr, async bool) error {
	if err := patiently(isLockViolation, func() error { return windows.FlushViewOfFile(base, size) }); err != nil || async {
		return err
	}
	if err := sysStore(fd); err != nil && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return err
	}
	return nil
}

// sysDiscard drops pages. Those of a file that the process cannot have copied only leave its
// working set: the system calls it an error that they are not locked, and removes them.
func sysDiscard(base, size uintptr, k *Kind) error {
	switch {
	case k.File == nil:
		return sysPurge(base, size, false)
	case k.Shared || k.Access != ReadWrite:
		if err := windows.VirtualUnlock(base, size); err != nil && !errors.Is(err, windows.ERROR_NOT_LOCKED) {
			return err
		}
		return nil
	}
	return Need(Dropping)
}
