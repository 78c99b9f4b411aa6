// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
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
// A view ends at the end of the file at the latest. While a file has a view, nobody can make
// it shorter than it was when the view was made.

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

// mapView maps size bytes of a file.
func mapView(size uintptr, k *Kind) (uintptr, error) {
	info, err := sysStat(k.File.fd)
	if err != nil {
		return 0, err
	}
	length := info.Size
	page := int64(pageSize)
	if k.Offset+int64(size) > (length+page-1)&^(page-1) {
		return 0, Need(FilesAhead)
	}
	begin := k.Offset &^ (granularity - 1)
	end := min(k.Offset+int64(size), length)
	kind := kindOfView(k)
	// The section is as long as the file, and lives as long as the view.
	section, err := windows.CreateFileMapping(windows.Handle(k.File.fd), nil, kind.section, 0, 0, nil)
	if err != nil {
		return 0, err
	}
	defer windows.CloseHandle(section)
	view, err := windows.MapViewOfFile(section, kind.view, uint32(begin>>32), uint32(begin), uintptr(end-begin))
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
	if info.Type != memMapped || info.AllocationBase != raw.AlignDown(base, granularity) {
		return windows.ERROR_INVALID_ADDRESS // a part of a mapping
	}
	return windows.UnmapViewOfFile(info.AllocationBase)
}

// sysSync writes the pages to the file, and then the file to the disk. A handle that cannot
// write has changed nothing.
func sysSync(fd int, base, size uintptr, async bool) error {
	if err := windows.FlushViewOfFile(base, size); err != nil || async {
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
		return sysUnlock(base, size)
	}
	return Need(Dropping)
}
