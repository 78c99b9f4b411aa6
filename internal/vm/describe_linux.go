// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"fmt"

	"golang.org/x/sys/unix"
)

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
