// SPDX-License-Identifier: Apache-2.0

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

// oom adds ErrOutOfMemory to the kernel's refusals. ENOMEM is the usual one. EAGAIN means
// that locked memory is exhausted, and EINVAL that the size exceeds the address space.
func oom(call string, size uintptr, err error) error {
	if errors.Is(err, unix.ENOMEM) {
		return fmt.Errorf("%w: %s of %d bytes: %w", outOfMemory(), call, size, err)
	}
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w: %s of %d bytes: %w", ErrOutOfMemory, call, size, err)
	}
	return fmt.Errorf("%s of %d bytes: %w", call, size, err)
}
