// SPDX-License-Identifier: Apache-2.0

//go:build unix && !aix && !ashlar_heap

package vm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// reasonOf returns the sentinel for an error, nil if there is none.
func reasonOf(op Op, size uintptr, err error) error {
	is := func(errno unix.Errno) bool { return errors.Is(err, errno) }
	switch {
	case op == OpLock && errors.Is(err, ErrAbsent):
		return nil // the error already says so
	case op == OpLock && is(unix.EPERM),
		op == OpLock && is(unix.ENOMEM) && beyondLockLimit(size),
		(op == OpMap || op == OpRemap) && is(unix.EAGAIN):
		return lockLimit()
	case is(unix.ENOMEM):
		return outOfMemory()
	case op == OpLock && is(unix.EAGAIN), op == OpMap && is(unix.EOVERFLOW):
		return ErrOutOfMemory
	case op == OpRemap && is(unix.EFAULT):
		return ErrMixed
	case is(unix.ENOSPC), is(unix.EDQUOT):
		return ErrNoSpace
	case is(unix.ENOSYS), op == OpAllocate && is(unix.EOPNOTSUPP),
		op == OpFlock && (is(unix.EINVAL) || is(unix.EOPNOTSUPP) || is(unix.ENOLCK)):
		return ErrKernelLacks
	case op == OpFlock && is(unix.EWOULDBLOCK):
		return ErrFileLocked
	}
	return nil
}

// isInvalid reports whether the error is EINVAL.
func isInvalid(err error) bool { return errors.Is(err, unix.EINVAL) }

// isForbidden reports whether the process is not allowed to make a call. Filters of
// kernel calls (seccomp), as containers use them, return such errors.
func isForbidden(err error) bool { return errors.Is(err, unix.EPERM) }

// oom adds ErrOutOfMemory to the kernel's refusals. ENOMEM is the usual one. EAGAIN means
// that locked memory is exhausted, and EINVAL that the size exceeds the address space.
func oom(call string, size uintptr, err error) error {
	if errors.Is(err, unix.ENOMEM) {
		return fmt.Errorf("%w: %s of %d bytes: %w", outOfMemory(), call, size, err)
	}
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w: %s of %d bytes: %w", ErrOutOfMemory, call, size, err)
	}
	return fmt.Errorf("%s of %d bytes: %w", call, size, err)
}
