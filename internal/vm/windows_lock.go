// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"sync"

	"golang.org/x/sys/windows"
)

// A process may lock as much memory as its minimum working set contains. That is some 200 KiB at
// first, and the process may raise it.

func sysLock(base, size uintptr, onFault bool) error {
	if onFault {
		return Need(LockingOnFault)
	}
	return lockRaising(size, func() error { return windows.VirtualLock(base, size) })
}

// raising is held while the limits of the working set change.
var raising sync.Mutex

// lockRaising calls lock, which locks size bytes. If the working set is too small, it makes the
// working set larger, and calls lock once more. The system may refuse that: then the error is that
// of lock.
func lockRaising(size uintptr, lock func() error) error {
	err := lock()
	if !errors.Is(err, windows.ERROR_WORKING_SET_QUOTA) {
		return err
	}
	raising.Lock()
	defer raising.Unlock()
	var least, most uintptr
	var flags uint32
	self := windows.CurrentProcess()
	windows.GetProcessWorkingSetSizeEx(self, &least, &most, &flags)
	if windows.SetProcessWorkingSetSizeEx(self, least+size, most+size, flags) != nil {
		return err
	}
	return lock()
}

// sysUnlock unlocks pages. A page is locked once, however often VirtualLock was called. If a page of
// the range is not locked, the system reports it, and may leave the others locked. So they are
// unlocked one by one then.
func sysUnlock(base, size uintptr) error {
	err := unlockAlike(base, size)
	if !errors.Is(err, windows.ERROR_NOT_LOCKED) {
		return err
	}
	for end := base + size; base < end; base += pageSize {
		if err := unlockAlike(base, pageSize); err != nil && !errors.Is(err, windows.ERROR_NOT_LOCKED) {
			return err
		}
	}
	return nil
}

// unlockAlike unlocks pages that are all locked. It is a variable for tests, because Wine reports no
// page that is not locked.
var unlockAlike = windows.VirtualUnlock
