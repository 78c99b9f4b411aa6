// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || (linux && ashlar_posix)) && !ashlar_heap

package vm

import "golang.org/x/sys/unix"

// hint returns the address that a new mapping should get, 0 for any.
func hint(uintptr) uintptr { return 0 }

// lockable returns the limit of locked memory in bytes, if there is one.
func lockable() (uint64, bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r); err != nil || uint64(r.Cur) >= 1<<62 {
		return 0, false
	}
	return uint64(r.Cur), true
}
