// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_heap

package vm

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// nextHint is the next address to ask for. Without a hint the kernel maps at the upper end
// of the 64-bit address space, which the page map does not know.
var nextHint atomic.Uintptr

// hint returns the address that a new mapping should get, 0 for any.
func hint(size uintptr) uintptr {
	const first, space = 1 << 44, 1 << 45
	return first + (nextHint.Add(size)-size)%space
}

// lockable returns the limit of locked memory in bytes, if there is one.
func lockable() (uint64, bool) { return 0, false }

// machineMemory returns the size of the machine's RAM in bytes.
func machineMemory() (uint64, error) {
	const physicalPages = 500 // _SC_PHYS_PAGES of sys/unistd.h
	n, err := unix.Sysconf(physicalPages)
	return uint64(n) * uint64(pageSize), err
}
