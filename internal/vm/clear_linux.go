// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysResident sets bit 0 of each byte of pages that stands for a page in RAM. pages has
// one byte for each page from base on.
func sysResident(base uintptr, pages []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, base, uintptr(len(pages))*pageSize,
		uintptr(unsafe.Pointer(unsafe.SliceData(pages))))
	if errno != 0 {
		return errno
	}
	return nil
}
