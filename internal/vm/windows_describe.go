// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"golang.org/x/sys/windows"
)

// reasonOf returns the sentinel for an error, nil if there is none.
func reasonOf(op Op, size uintptr, err error) error {
	is := func(codes ...syscall.Errno) bool { return isOneOf(err, codes...) }
	switch {
	case op == OpLock && is(windows.ERROR_WORKING_SET_QUOTA, windows.ERROR_NOT_ENOUGH_MEMORY):
		return lockLimit()
	case isOutOfMemory(err):
		return ErrOutOfMemory
	case is(windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED):
		return ErrNoSpace
	case op == OpFlock && isLockViolation(err):
		return ErrFileLocked
	case is(windows.ERROR_INVALID_FUNCTION, windows.ERROR_NOT_SUPPORTED, windows.ERROR_CALL_NOT_IMPLEMENTED):
		return ErrKernelLacks
	}
	return posixReason(op, size, err)
}

func lockLimit() error {
	return fmt.Errorf("%w (the minimum working set of the process: SetProcessWorkingSetSize)", ErrLockLimit)
}

// beyondLockLimit reports that a lack of memory while locking is the limit.
func beyondLockLimit(uintptr) bool { return true }

func outOfMemory() error { return ErrOutOfMemory }

// isOutOfMemory reports whether the system lacks memory, commit charge or address space, or the
// process may not have more of it: the quotas are those of the user and of a job object.
func isOutOfMemory(err error) bool {
	return isOneOf(err, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_OUTOFMEMORY, windows.ERROR_COMMITMENT_LIMIT,
		windows.ERROR_NO_SYSTEM_RESOURCES, windows.ERROR_PAGEFILE_QUOTA, windows.ERROR_NOT_ENOUGH_QUOTA, windows.ERROR_WORKING_SET_QUOTA)
}

// isLockViolation reports whether somebody else has locked bytes of a file.
func isLockViolation(err error) bool { return errors.Is(err, windows.ERROR_LOCK_VIOLATION) }

func isOneOf(err error, codes ...syscall.Errno) bool {
	return slices.ContainsFunc(codes, func(code syscall.Errno) bool { return errors.Is(err, code) })
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

func isForbidden(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, syscall.EPERM)
}
