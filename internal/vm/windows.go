// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/windows"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// The Windows source reserves and commits memory in one call. A reservation is released
// as a whole, so that no part of a mapping is given back, and an alignment above the
// granularity of 64 KiB is found by trying.

const (
	source       = windowsSource
	alignsItself = true
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

// sysUnmap releases a whole reservation. For a part the system returns an error.
func sysUnmap(base, _ uintptr) error {
	return windows.VirtualFree(base, 0, windows.MEM_RELEASE)
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

// sysRemap shrinks nothing and grows nothing: callers purge the end, or copy.
func sysRemap(base, old, size uintptr) (uintptr, error) {
	if size == old {
		return base, nil
	}
	return 0, ErrOutOfMemory
}

// sysRemapKind copies the contents to a new mapping.
func sysRemapKind(base, old, size uintptr, k *Kind) (uintptr, error) {
	to, err := sysMapKind(size, k)
	if err != nil {
		return 0, err
	}
	raw.Copy(to, base, min(old, size))
	if err := sysUnmap(base, old); err != nil {
		_ = sysUnmap(to, size)
		return 0, err
	}
	return to, nil
}

func sysMapKind(size uintptr, k *Kind) (uintptr, error) {
	switch {
	case k.File != nil:
		return 0, Need(Files)
	case k.Huge:
		return 0, Need(HugePages)
	}
	base, err := windows.VirtualAlloc(0, size, commit, protections[k.Access])
	if err == nil && k.Populate {
		err = touch(base, size, k.Access == ReadWrite)
	}
	return base, err
}

func sysDiscard(base, size uintptr, _ *Kind) error { return sysPurge(base, size, false) }

func sysCollapse(uintptr, uintptr) error { return Need(HugePages) }

func sysAdvise(base, size uintptr, a Advice) error {
	switch a {
	case Normal:
		return nil
	case Free:
		return sysPurge(base, size, true)
	case PopulateRead, PopulateWrite:
		return touch(base, size, a == PopulateWrite)
	case HugePage, NoHugePage:
		return Need(HugePages)
	case DontDump, Dump, WipeOnFork, KeepOnFork, DontFork:
		return Need(Hiding)
	}
	return Need(Hints)
}

func sysProtect(base, size uintptr, a Access) error {
	var old uint32
	return windows.VirtualProtect(base, size, protections[a], &old)
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

// reasonOf returns the sentinel for an error, nil if there is none.
func reasonOf(op Op, _ uintptr, err error) error {
	switch {
	case op == OpLock && (errors.Is(err, windows.ERROR_WORKING_SET_QUOTA) || isOutOfMemory(err)):
		return fmt.Errorf("%w (the minimum working set of the process: SetProcessWorkingSetSize)", ErrLockLimit)
	case isOutOfMemory(err):
		return ErrOutOfMemory
	}
	return nil
}

// isOutOfMemory reports whether the system lacks memory, commit charge or address space.
func isOutOfMemory(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_ENOUGH_MEMORY) || errors.Is(err, windows.ERROR_OUTOFMEMORY) ||
		errors.Is(err, windows.ERROR_COMMITMENT_LIMIT) || errors.Is(err, windows.ERROR_NO_SYSTEM_RESOURCES) ||
		errors.Is(err, syscall.ENOMEM) // which tests inject
}

// oom adds ErrOutOfMemory to the system's refusals. An invalid parameter is a size above
// the address space.
func oom(call string, size uintptr, err error) error {
	if isOutOfMemory(err) || errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return fmt.Errorf("%w: %s of %d bytes: %w", ErrOutOfMemory, call, size, err)
	}
	return fmt.Errorf("%s of %d bytes: %w", call, size, err)
}

// isInvalid reports whether the error says that the call does not apply. Tests inject EINVAL.
func isInvalid(err error) bool {
	return errors.Is(err, windows.ERROR_INVALID_PARAMETER) || errors.Is(err, syscall.EINVAL)
}

func isForbidden(err error) bool { return errors.Is(err, windows.ERROR_ACCESS_DENIED) }
