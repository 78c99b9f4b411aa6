// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
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
	err := patiently(func(error) bool { return true }, func() error {
		_, err := windows.VirtualAlloc(base, size, windows.MEM_COMMIT, windows.PAGE_READWRITE)
		return err
	})
	if err != nil {
		return oom("VirtualAlloc", size, err)
	}
	return nil
}

// patiently repeats a call, with pauses, while its error passes away by itself.
func patiently(passes func(error) bool, call func() error) error {
	for pause := time.Millisecond; ; pause *= 2 {
		err := call()
		if err == nil || !passes(err) || pause > maxPause {
			return err
		}
		time.Sleep(pause)
	}
}

// maxPause bounds the pauses of patiently: all of them take twice as long.
const maxPause = time.Second

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

// sysProtect changes the access. The system changes pages of one kind at a time. So if it refuses
// the range, its parts are changed one by one.
func sysProtect(base, size uintptr, a Access) error {
	var old uint32
	if windows.VirtualProtect(base, size, protections[a], &old) == nil {
		return nil
	}
	for end := base + size; base < end; {
		info, err := query(base)
		if err != nil {
			return err
		}
		n := min(info.BaseAddress+info.RegionSize, end) - base
		if err := protectAlike(base, n, a, &info); err != nil {
			return err
		}
		base += n
	}
	return nil
}

// protectAlike changes the access to pages that are alike. Pages that are only reserved are
// inaccessible, and are committed when they become accessible. A private view of a file has an
// access of its own.
func protectAlike(base, size uintptr, a Access, info *windows.MemoryBasicInformation) error {
	access := protections[a]
	switch {
	case info.State == windows.MEM_RESERVE && a == NoAccess:
		return nil
	case info.State == windows.MEM_RESERVE:
		_, err := windows.VirtualAlloc(base, size, windows.MEM_COMMIT, access)
		return err
	case info.AllocationProtect == windows.PAGE_WRITECOPY && a == ReadWrite:
		access = windows.PAGE_WRITECOPY
	}
	var old uint32
	return windows.VirtualProtect(base, size, access, &old)
}
