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
	// Not unix.Madvise: a range may be longer than a slice of a 32-bit platform.
	if _, _, errno := unix.Syscall(unix.SYS_MADVISE, base, size, uintptr(advice)); errno != 0 {
		return oom("madvise", size, errno)
	}
	return nil
}

func sysRemap(base, old, size uintptr) (uintptr, error) {
	if size < old {
		// To Linux it is the same. Not to qemu-user: it moves a mapping that shrinks,
		// or takes away what lies behind it.
		return base, sysUnmap(base+size, old-size)
	}
	p, err := unix.MremapPtr(raw.Pointer(base), old, nil, size, unix.MREMAP_MAYMOVE)
	switch {
	case errors.Is(err, unix.EFAULT):
		return 0, explain(OpRemap, size, err)
	case errors.Is(err, unix.EAGAIN): // its pages are locked
		return 0, fmt.Errorf("%w: %w", ErrOutOfMemory, explain(OpRemap, size, err))
	case err != nil:
		return 0, oom("mremap", size, err)
	}
	return raw.Addr(p), nil
}

// oom gives the kernel's refusals the sentinel that callers test for. ENOMEM is
// the usual one; EAGAIN stands for exhausted locked memory, EINVAL for a size
// beyond the address space.
func oom(call string, size uintptr, err error) error {
	if errors.Is(err, unix.ENOMEM) {
		return fmt.Errorf("%w: %s of %d bytes: %w", outOfMemory(), call, size, err)
	}
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w: %s of %d bytes: %w", ErrOutOfMemory, call, size, err)
	}
	return fmt.Errorf("%s of %d bytes: %w", call, size, err)
}
