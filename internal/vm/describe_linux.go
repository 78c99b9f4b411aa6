// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// describe adds to the kernel's error the sentinel that callers test for, and a hint for
// people. The kernel's error stays in the chain.
func describe(op Op, size uintptr, err error) error {
	if err == nil {
		return nil
	}
	what := op.String()
	if size > 0 {
		what = fmt.Sprintf("%s of %d bytes", what, size)
	}
	if reason := reasonOf(op, size, err); reason != nil {
		return fmt.Errorf("%w: %s: %w", reason, what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

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

// lockLimit returns ErrLockLimit with the limit and the ways to raise it.
func lockLimit() error {
	limit, ok := lockable()
	if !ok {
		return ErrLockLimit
	}
	return fmt.Errorf("%w (RLIMIT_MEMLOCK is %d bytes; raise it with ulimit -l, LimitMEMLOCK= or CAP_IPC_LOCK)", ErrLockLimit, limit)
}

// lockable returns the limit of locked memory in bytes, if there is one.
func lockable() (uint64, bool) {
	var r unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &r); err != nil || r.Cur == unix.RLIM_INFINITY {
		return 0, false
	}
	return uint64(r.Cur), true
}

// beyondLockLimit reports whether locking size bytes more would exceed the limit. mlock
// returns the same error for that and for a lack of memory.
func beyondLockLimit(size uintptr) bool {
	limit, ok := lockable()
	return ok && kibibytes("/proc/self/status", "VmLck:")+uint64(size) > limit
}

// isInvalid reports whether the error is EINVAL.
func isInvalid(err error) bool { return errors.Is(err, unix.EINVAL) }

// isForbidden reports whether the process is not allowed to make a call. Filters of
// kernel calls (seccomp), as containers use them, return such errors.
func isForbidden(err error) bool { return errors.Is(err, unix.EPERM) }
