// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/windows"
)

// A mapping is put into a reservation in one of two ways, and no other thread can take the
// addresses meanwhile.
//
// Anonymous memory is committed in the middle of the reservation, whose other pages are only
// reserved. The system releases the reservation as a whole. So the parts that their owners have
// released stay reserved until the last one is released:
//
//	divided.left[b] = Σ bytes of parts of the reservation at b that were not released
//
// A file is mapped in the place of a placeholder, which was cut out of a larger one. Each part
// is a reservation of its own then. Placeholders can be cut at any page, and a view in one
// begins at any page of the file. Windows before 10 1803 has none.
var divided struct {
	number atomic.Int64 // entries of left, so that other releases need no lock
	mu     sync.Mutex
	left   map[uintptr]uintptr
}

// The flags of placeholders, which x/sys does not have.
const (
	memPreservePlaceholder  = 0x00000002
	memCoalescePlaceholders = 0x00000001
	memReplacePlaceholder   = 0x00004000
	memReservePlaceholder   = 0x00040000
)

var (
	kernelBase       = windows.NewLazySystemDLL("kernelbase.dll")
	virtualAlloc2    = kernelBase.NewProc("VirtualAlloc2")
	mapViewOfFile3   = kernelBase.NewProc("MapViewOfFile3")
	unmapViewOfFile2 = kernelBase.NewProc("UnmapViewOfFile2")
)

// placeholdersWork reports whether the system has placeholders and cuts them at a page.
var placeholdersWork = sync.OnceValue(func() bool {
	base, err := reservePlaceholder(2 * granularity)
	if err != nil {
		return false
	}
	parts := []uintptr{base, base + pageSize, base + 2*pageSize}
	err = cutPlaceholder(parts[1], pageSize)
	if err != nil {
		parts = parts[:1]
	}
	for _, part := range parts {
		_ = windows.VirtualFree(part, 0, windows.MEM_RELEASE)
	}
	return err == nil
})

// PlacesFiles reports whether mappings of files can be put into reservations, as anonymous
// memory can be with Placing.
func PlacesFiles() bool { return placeholdersWork() }

var errNoPlaceholders = fmt.Errorf("%w before version 1803 of Windows 10, for mappings of files", &missing{Placing})

func reservePlaceholder(size uintptr) (uintptr, error) {
	if err := errors.Join(virtualAlloc2.Find(), mapViewOfFile3.Find(), unmapViewOfFile2.Find()); err != nil {
		return 0, err
	}
	base, _, err := virtualAlloc2.Call(uintptr(windows.CurrentProcess()), 0, size,
		windows.MEM_RESERVE|memReservePlaceholder, windows.PAGE_NOACCESS, 0, 0)
	if base == 0 {
		return 0, err
	}
	return base, nil
}

// reserve makes a reservation for a mapping of kind k.
func reserve(size uintptr, k *Kind) (uintptr, error) {
	if k.File == nil {
		return windows.VirtualAlloc(0, size, windows.MEM_RESERVE, windows.PAGE_NOACCESS)
	}
	if !placeholdersWork() {
		return 0, errNoPlaceholders
	}
	return reservePlaceholder(size)
}

// cutPlaceholder makes a part of a placeholder a placeholder of its own.
func cutPlaceholder(base, size uintptr) error {
	info, err := query(base)
	if err != nil || info.AllocationBase == base && info.RegionSize == size { // it is
		return err
	}
	return windows.VirtualFree(base, size, windows.MEM_RELEASE|memPreservePlaceholder)
}

// sysMakeRoom prepares a part of a reservation for a mapping of kind k.
func sysMakeRoom(base, size uintptr, k *Kind) error {
	if k.File != nil {
		return cutPlaceholder(base, size)
	}
	return divide(base)
}

// divide notes that parts of the reservation are released one by one.
func divide(part uintptr) error {
	info, err := query(part)
	if err != nil {
		return err
	}
	base, size := info.AllocationBase, uintptr(0)
	for { // its regions differ in state and access
		info, err := query(base + size)
		if err != nil {
			return err
		}
		if info.AllocationBase != base || info.RegionSize == 0 {
			break
		}
		size += info.RegionSize
	}
	divided.mu.Lock()
	defer divided.mu.Unlock()
	if _, ok := divided.left[base]; ok {
		return nil
	}
	if divided.left == nil {
		divided.left = map[uintptr]uintptr{}
	}
	divided.left[base] = size
	divided.number.Add(1)
	return nil
}

// releasePart releases a part of a divided reservation. done is false if the range is something
// else.
func releasePart(part, size uintptr) (done bool, err error) {
	if divided.number.Load() == 0 {
		return false, nil
	}
	info, err := query(part)
	if err != nil {
		return true, err
	}
	divided.mu.Lock()
	defer divided.mu.Unlock()
	base := info.AllocationBase
	left, ok := divided.left[base]
	if !ok {
		return false, nil
	}
	if left > size {
		err = windows.VirtualFree(part, size, windows.MEM_DECOMMIT)
		if err == nil {
			divided.left[base] = left - size
		}
		return true, err
	}
	if err = windows.VirtualFree(base, 0, windows.MEM_RELEASE); err == nil {
		delete(divided.left, base)
		divided.number.Add(-1)
	}
	return true, err
}

// mapPlaced makes a mapping in a part of a reservation that sysMakeRoom prepared.
func mapPlaced(size uintptr, k *Kind) error {
	switch {
	case k.File != nil:
		return mapViewAt(k.at, size, k)
	case k.Access == NoAccess:
		return nil
	}
	_, err := windows.VirtualAlloc(k.at, size, windows.MEM_COMMIT, protections[k.Access])
	return err
}

// sysMove maps again at to, in a reservation, takes the contents along, and unmaps the old
// mapping. On failure the reservation is whole again.
func sysMove(base, old, to, size uintptr, k *Kind) error {
	again := *k
	again.at = to
	whole, err := query(to)
	if err == nil {
		whole, err = query(whole.AllocationBase)
	}
	if err == nil {
		err = sysMakeRoom(to, size, k)
	}
	if err != nil {
		return err
	}
	if err = mapPlaced(size, &again); err != nil {
		return errors.Join(err, joinAgain(whole, k))
	}
	carry(to, base, min(old, size), k)
	if err = sysUnmap(base, old); err != nil {
		return errors.Join(err, unplace(to, size, k), joinAgain(whole, k))
	}
	return nil
}

// unplace makes a mapping a part of a reservation again.
func unplace(base, size uintptr, k *Kind) error {
	if k.File == nil {
		return windows.VirtualFree(base, size, windows.MEM_DECOMMIT)
	}
	done, _, err := unmapViewOfFile2.Call(uintptr(windows.CurrentProcess()), base, memPreservePlaceholder)
	if done == 0 {
		return err
	}
	return nil
}

// joinAgain makes the parts of a placeholder one again.
func joinAgain(whole windows.MemoryBasicInformation, k *Kind) error {
	if now, err := query(whole.BaseAddress); k.File == nil || err == nil && now.RegionSize == whole.RegionSize {
		return nil
	}
	return windows.VirtualFree(whole.BaseAddress, whole.RegionSize, windows.MEM_RELEASE|memCoalescePlaceholders)
}
