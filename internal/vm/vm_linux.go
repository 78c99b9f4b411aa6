// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/raw"
)

func sysMap(size uintptr) (uintptr, error) {
	p, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return 0, oom("mmap", size, err)
	}
	return raw.Addr(p), nil
}

func sysUnmap(base, size uintptr) error {
	if err := unix.MunmapPtr(raw.Pointer(base), size); err != nil {
		return oom("munmap", size, err)
	}
	return nil
}

func sysPurge(base, size uintptr, lazy bool) error {
	advice := unix.MADV_DONTNEED
	if lazy {
		advice = unix.MADV_FREE
	}
	// Not unix.Madvise, whose slice limits the length of a range on 32-bit platforms.
	if _, _, errno := unix.Syscall(unix.SYS_MADVISE, base, size, uintptr(advice)); errno != 0 {
		return oom("madvise", size, errno)
	}
	return nil
}

func sysRemapKind(base, old, size uintptr, _ *Kind) (uintptr, error) {
	return sysRemap(base, old, size)
}

func sysRemap(base, old, size uintptr) (uintptr, error) {
	if size < old {
		// On Linux mremap has the same effect. qemu-user may move the mapping or unmap
		// what follows it.
		return base, sysUnmap(base+size, old-size)
	}
	p, err := unix.MremapPtr(raw.Pointer(base), old, nil, size, unix.MREMAP_MAYMOVE)
	switch {
	case errors.Is(err, unix.EFAULT):
		return 0, describe(OpRemap, size, err)
	case errors.Is(err, unix.EAGAIN): // some of its pages are locked
		return 0, fmt.Errorf("%w: %w", ErrOutOfMemory, describe(OpRemap, size, err))
	case err != nil:
		return 0, oom("mremap", size, err)
	}
	return raw.Addr(p), nil
}
