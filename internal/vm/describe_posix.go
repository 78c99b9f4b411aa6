// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package vm

import (
	"errors"
	"syscall"
)

// posixReason returns the sentinel for an error of POSIX, nil if there is none. On Windows only
// tests make such errors.
func posixReason(op Op, size uintptr, err error) error {
	is := func(errno syscall.Errno) bool { return errors.Is(err, errno) }
	switch {
	case op == OpLock && errors.Is(err, ErrAbsent):
		return nil // the error already says so
	case op == OpLock && is(syscall.EPERM),
		op == OpLock && is(syscall.ENOMEM) && beyondLockLimit(size),
		(op == OpMap || op == OpRemap) && is(syscall.EAGAIN):
		return lockLimit()
	case is(syscall.ENOMEM):
		return outOfMemory()
	case op == OpLock && is(syscall.EAGAIN), op == OpMap && is(syscall.EOVERFLOW):
		return ErrOutOfMemory
	case op == OpRemap && is(syscall.EFAULT):
		return ErrMixed
	case is(syscall.ENOSPC), is(syscall.EDQUOT):
		return ErrNoSpace
	case is(syscall.ENOSYS), op == OpAllocate && is(syscall.EOPNOTSUPP),
		op == OpFlock && (is(syscall.EINVAL) || is(syscall.EOPNOTSUPP) || is(syscall.ENOLCK)):
		return ErrKernelLacks
	case op == OpFlock && is(syscall.EWOULDBLOCK):
		return ErrFileLocked
	}
	return nil
}
