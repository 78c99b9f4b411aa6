//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapSupported says whether mapMemory works here.
const mapSupported = true

// mapMemory maps zeroed memory outside the Go heap.
func mapMemory(size int) (unsafe.Pointer, error) {
	return unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
}

// unmapMemory unmaps what mapMemory mapped.
func unmapMemory(mapping unsafe.Pointer, size int) error {
	return unix.MunmapPtr(mapping, uintptr(size))
}
