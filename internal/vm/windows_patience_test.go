// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// failing returns a call that fails n times, and counts its calls.
func failing(n int, err error) (call func() error, calls *int) {
	calls = new(int)
	return func() error {
		if *calls++; *calls > n {
			return nil
		}
		return err
	}, calls
}

// TestPatience: an error that passes away is no error; another one is returned at once.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		err   error
		fails int
		calls int
	}{
		{windows.ERROR_LOCK_VIOLATION, 0, 1},
		{windows.ERROR_LOCK_VIOLATION, 4, 5},
		{windows.ERROR_ACCESS_DENIED, 4, 1},
	} {
		call, calls := failing(c.fails, c.err)
		err := patiently(isLockViolation, call)
		if passed := c.calls > c.fails; *calls != c.calls || passed != (err == nil) {
			t.Errorf("%v %d times: %v after %d calls, want %d", c.err, c.fails, err, *calls, c.calls)
		}
	}
}

// TestLockRaising: a working set that is too small is made larger, once.
func TestLockRaising(t *testing.T) {
	for _, c := range []struct {
		err   error
		fails int
		calls int
	}{
		{windows.ERROR_WORKING_SET_QUOTA, 0, 1},
		{windows.ERROR_WORKING_SET_QUOTA, 1, 2},
		{windows.ERROR_WORKING_SET_QUOTA, 9, 2},
		{windows.ERROR_NOACCESS, 9, 1},
	} {
		lock, calls := failing(c.fails, c.err)
		err := lockRaising(mib, lock)
		if *calls != c.calls || (c.fails < c.calls) != (err == nil) {
			t.Errorf("%v %d times: %v after %d calls, want %d", c.err, c.fails, err, *calls, c.calls)
		}
		if err != nil && !errors.Is(err, c.err) {
			t.Errorf("%v became %v", c.err, err)
		}
	}
}

// TestUnlockMixed: if some pages are not locked, the others are unlocked all the same.
func TestUnlockMixed(t *testing.T) {
	const base, pages = 1 << 20, 8
	locked := map[uintptr]bool{base + 2*pageSize: true, base + 5*pageSize: true}
	defer func(before func(uintptr, uintptr) error) { unlockAlike = before }(unlockAlike)
	unlockAlike = func(at, size uintptr) error {
		for page := at; page < at+size; page += pageSize {
			if !locked[page] {
				return windows.ERROR_NOT_LOCKED
			}
		}
		for page := at; page < at+size; page += pageSize {
			delete(locked, page)
		}
		return nil
	}
	if err := sysUnlock(base, pages*pageSize); err != nil || len(locked) > 0 {
		t.Errorf("%v, and %d pages stayed locked", err, len(locked))
	}
}

// TestReasons: the system's errors carry the sentinels that callers test for.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		op   Op
		err  syscall.Errno
		want error
	}{
		{OpLock, windows.ERROR_WORKING_SET_QUOTA, ErrLockLimit},
		{OpLock, windows.ERROR_NOT_ENOUGH_MEMORY, ErrLockLimit},
		{OpMap, windows.ERROR_COMMITMENT_LIMIT, ErrOutOfMemory},
		{OpMap, windows.ERROR_PAGEFILE_QUOTA, ErrOutOfMemory},
		{OpMap, windows.ERROR_NOT_ENOUGH_QUOTA, ErrOutOfMemory},
		{OpMap, windows.ERROR_NO_SYSTEM_RESOURCES, ErrOutOfMemory},
		{OpRead, windows.ERROR_WORKING_SET_QUOTA, ErrOutOfMemory},
		{OpAllocate, windows.ERROR_DISK_FULL, ErrNoSpace},
		{OpWrite, windows.ERROR_HANDLE_DISK_FULL, ErrNoSpace},
		{OpFlock, windows.ERROR_LOCK_VIOLATION, ErrFileLocked},
		{OpFlock, windows.ERROR_INVALID_FUNCTION, ErrKernelLacks},
		{OpSync, windows.ERROR_LOCK_VIOLATION, nil},
	} {
		if reason := reasonOf(c.op, mib, c.err); reason != c.want && !errors.Is(reason, c.want) {
			t.Errorf("%v: %v: %v, want %v", c.op, c.err, reason, c.want)
		}
	}
}
