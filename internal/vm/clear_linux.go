// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysResident tells of each page from base on, as many as pages is long, whether it is in
// RAM: bit 0 of its byte.
func sysResident(base uintptr, pages []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, base, uintptr(len(pages))*pageSize,
		uintptr(unsafe.Pointer(unsafe.SliceData(pages))))
	if errno != 0 {
		return errno
	}
	return nil
}
