// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// sysMemoryLimit returns the machine's memory, or the process's limit of address space if
// that is smaller.
func sysMemoryLimit() (int64, error) {
	limit, err := machineMemory()
	if err != nil {
		return 0, fmt.Errorf("the machine's memory: %w", err)
	}
	var r unix.Rlimit
	if err := unix.Getrlimit(addressLimit, &r); err == nil { // no limit is a very large number
		limit = min(limit, uint64(r.Cur))
	}
	return int64(limit), nil
}
