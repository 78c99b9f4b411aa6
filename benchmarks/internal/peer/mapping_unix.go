// SPDX-License-Identifier: Apache-2.0

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package peer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MapSupported reports whether MapMemory works here.
const MapSupported = true

// MapMemory maps zeroed memory outside the Go heap.
func MapMemory(size int) (unsafe.Pointer, error) {
	return unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
}

// UnmapMemory unmaps what MapMemory mapped.
func UnmapMemory(mapping unsafe.Pointer, size int) error {
	return unix.MunmapPtr(mapping, uintptr(size))
}
