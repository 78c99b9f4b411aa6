// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysResident sets bit 0 of each byte of pages that stands for a page in RAM. pages has
// one byte for each page from base on.
func sysResident(base uintptr, pages []byte) error {
	if !residentWorks() {
		return fmt.Errorf("%w: mincore", ErrKernelLacks)
	}
	return mincore(base, uintptr(len(pages))*pageSize, unsafe.SliceData(pages))
}

// residentWorks reports whether mincore writes one byte for each page. An emulator may have
// larger pages than the kernel below it, and passes the call on: then mincore writes beyond the end
// of the answer.
var residentWorks = sync.OnceValue(func() bool {
	base, err := sysMap(pageSize)
	if err != nil {
		return false
	}
	defer sysUnmap(base, pageSize)
	var answer [256]byte // enough for pages of 1 MiB
	for i := range answer {
		answer[i] = 0xff
	}
	return mincore(base, pageSize, &answer[0]) == nil && answer[1] == 0xff
})

func mincore(base, size uintptr, answer *byte) error {
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, base, size, uintptr(unsafe.Pointer(answer))); errno != 0 {
		return errno
	}
	return nil
}
