// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// The Windows source reserves and commits memory in one call. A reservation is released
// as a whole, so that no part of a mapping is given back, and an alignment above the
// granularity of 64 KiB is found by trying.

const (
	source               = windowsSource
	alignsItself         = true
	residentIsWorkingSet = true // sysResident reports pages of the working set only
)

const commit = windows.MEM_RESERVE | windows.MEM_COMMIT

var protections = [...]uint32{
	ReadWrite: windows.PAGE_READWRITE,
	ReadOnly:  windows.PAGE_READONLY,
	NoAccess:  windows.PAGE_NOACCESS,
}

func sysMap(size uintptr) (uintptr, error) {
	base, err := windows.VirtualAlloc(0, size, commit, windows.PAGE_READWRITE)
	if err != nil {
		return 0, oom("VirtualAlloc", size, err)
	}
	return base, nil
}

// granularity is the alignment of every reservation in bytes.
const granularity = 64 << 10

// alignAttempts bounds how often sysMapAligned tries again when another thread takes the
// addresses that it has found.
const alignAttempts = 100

// sysMapAligned finds aligned addresses by a larger reservation, which it releases, and
// maps at these addresses.
func sysMapAligned(size, align uintptr) (uintptr, error) {
	if align <= granularity {
		return sysMap(size)
	}
	if size+align < size {
		return 0, ErrOutOfMemory
	}
	for range alignAttempts {
		found, err := windows.VirtualAlloc(0, size+align, windows.MEM_RESERVE, windows.PAGE_NOACCESS)
		if err != nil {
			return 0, oom("VirtualAlloc", size, err)
		}
		if err := windows.VirtualFree(found, 0, windows.MEM_RELEASE); err != nil {
			return 0, oom("VirtualFree", size, err)
		}
		base, err := windows.VirtualAlloc(raw.AlignUp(found, align), size, commit, windows.PAGE_READWRITE)
		if err == nil {
			return base, nil
		}
		if isOutOfMemory(err) {
			return 0, oom("VirtualAlloc", size, err)
		}
	}
	return 0, ErrOutOfMemory
}

// sysUnmap releases a whole reservation or view. WARNING: it does so for a part, too, if the
// part begins where the whole does. Without Parts nobody gives back a part.
func sysUnmap(base, size uintptr) error {
	if done, err := releasePart(base, size); done {
		return err
	}
	err := windows.VirtualFree(base, 0, windows.MEM_RELEASE)
	if err != nil && unmapView(base) == nil {
		return nil
	}
	return err
}

// sysPurge decommits the range and commits it again. Another process may take the memory
// in between. If it does not give it back, an access to the range is a fault.
func sysPurge(base, size uintptr, lazy bool) error {
	if lazy {
		_, err := windows.VirtualAlloc(base, size, memReset, windows.PAGE_READWRITE)
		return err
	}
	if err := windows.VirtualFree(base, size, windows.MEM_DECOMMIT); err != nil {
		return err
	}
	for wait := time.Millisecond; ; wait *= 2 {
		_, err := windows.VirtualAlloc(base, size, windows.MEM_COMMIT, windows.PAGE_READWRITE)
		if err == nil {
			return nil
		}
		if wait > maxWait {
			return oom("VirtualAlloc", size, err)
		}
		time.Sleep(wait)
	}
}

// maxWait bounds the wait for memory that another process has taken meanwhile.
const maxWait = time.Second

const memReset = 0x80000 // MEM_RESET

// sysRemap grows a mapping by a copy. It shrinks none: callers purge the end.
func sysRemap(base, old, size uintptr) (uintptr, error) {
	switch {
	case size == old:
		return base, nil
	case size < old:
		return 0, ErrOutOfMemory
	}
	to, err := sysMap(size)
	if err != nil {
		return 0, err
	}
	raw.Copy(to, base, old)
	return replace(to, size, base, old)
}

// sysRemapKind makes a new mapping, and copies the contents that it does not show by itself.
func sysRemapKind(base, old, size uintptr, k *Kind) (uintptr, error) {
	to, err := sysMapKind(size, k)
	if err != nil {
		return 0, err
	}
	carry(to, base, min(old, size), k)
	return replace(to, size, base, old)
}

func sysMapKind(size uintptr, k *Kind) (uintptr, error) {
	var base uintptr
	var err error
	switch {
	case k.Huge:
		return 0, Need(HugePages)
	case k.hull != nil:
		return reserve(size, k.hull)
	case k.at != 0:
		base, err = k.at, mapPlaced(size, k)
	case k.File != nil:
		base, err = mapView(size, k)
	case k.Access == NoAccess: // it is committed when it becomes accessible
		return windows.VirtualAlloc(0, size, windows.MEM_RESERVE|watch(k), windows.PAGE_NOACCESS)
	default:
		base, err = windows.VirtualAlloc(0, size, commit|watch(k), protections[k.Access])
	}
	if err == nil && k.Populate {
		_ = touch(base, size, !k.Shared && k.Access == ReadWrite)
	}
	return base, err
}

func sysCollapse(uintptr, uintptr) error { return Need(HugePages) }

func sysAdvise(base, size uintptr, a Advice) error {
	switch a {
	case Normal:
		return nil
	case Free:
		return sysPurge(base, size, true)
	case WillNeed:
		return prefetch(base, size)
	case PopulateRead, PopulateWrite:
		return touch(base, size, a == PopulateWrite)
	case HugePage, NoHugePage:
		return Need(HugePages)
	case DontDump, Dump, WipeOnFork, KeepOnFork, DontFork:
		return Need(Hiding)
	}
	return Need(Hints)
}

// sysProtect changes the access. Pages that are only reserved are committed, and a private view
// of a file has an access of its own.
func sysProtect(base, size uintptr, a Access) error {
	var old uint32
	err := windows.VirtualProtect(base, size, protections[a], &old)
	if err == nil {
		return nil
	}
	info, failed := query(base)
	switch {
	case failed != nil:
		return err
	case info.State == windows.MEM_RESERVE && a != NoAccess:
		_, err = windows.VirtualAlloc(base, size, windows.MEM_COMMIT, protections[a])
	case info.AllocationProtect == windows.PAGE_WRITECOPY && a == ReadWrite:
		err = windows.VirtualProtect(base, size, windows.PAGE_WRITECOPY, &old)
	}
	return err
}

func sysLock(base, size uintptr, onFault bool) error {
	if onFault {
		return Need(LockingOnFault)
	}
	return windows.VirtualLock(base, size)
}

// sysUnlock unlocks pages. The system calls pages that are not locked an error, and
// VirtualLock of a page twice needs one call of VirtualUnlock.
func sysUnlock(base, size uintptr) error {
	if err := windows.VirtualUnlock(base, size); err != nil && !errors.Is(err, windows.ERROR_NOT_LOCKED) {
		return err
	}
	return nil
}
