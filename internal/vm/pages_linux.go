// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/raw"
)

var protections = [...]int{
	ReadWrite: unix.PROT_READ | unix.PROT_WRITE,
	ReadOnly:  unix.PROT_READ,
	NoAccess:  unix.PROT_NONE,
}

func sysMapKind(size uintptr, k *Kind) (uintptr, error) {
	fd, flags := -1, unix.MAP_PRIVATE
	if k.Shared {
		flags = unix.MAP_SHARED
	}
	if k.File != nil {
		fd = k.File.fd
	} else {
		flags |= unix.MAP_ANON
	}
	if k.Populate {
		flags |= unix.MAP_POPULATE
	}
	if k.Huge {
		flags |= unix.MAP_HUGETLB // without MAP_NORESERVE, so that a shortage is an error now and not SIGBUS later
	} else {
		flags |= unix.MAP_NORESERVE
	}
	if k.at != 0 {
		flags |= unix.MAP_FIXED_NOREPLACE
	}
	at := raw.Pointer(k.at)
	p, err := unix.MmapPtr(fd, k.Offset, at, size, protections[k.Access], flags)
	if err != nil && flags&unix.MAP_SHARED_VALIDATE == unix.MAP_SHARED_VALIDATE && isInvalid(err) {
		// Linux before 4.15 and emulators of Linux do not know the flag.
		flags = flags&^unix.MAP_SHARED_VALIDATE | unix.MAP_SHARED
		p, err = unix.MmapPtr(fd, k.Offset, at, size, protections[k.Access], flags)
	}
	return raw.Addr(p), err
}

func sysMakeRoom(base, size uintptr, _ *Kind) error { return sysUnmap(base, size) }

func sysMove(base, old, to, size uintptr, _ *Kind) error {
	_, err := unix.MremapPtr(raw.Pointer(base), old, raw.Pointer(to), size, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED)
	return err
}

var advices = [NumAdvice]uintptr{
	Normal:        unix.MADV_NORMAL,
	Sequential:    unix.MADV_SEQUENTIAL,
	Random:        unix.MADV_RANDOM,
	WillNeed:      unix.MADV_WILLNEED,
	DontNeed:      unix.MADV_DONTNEED,
	Free:          unix.MADV_FREE,
	HugePage:      unix.MADV_HUGEPAGE,
	NoHugePage:    unix.MADV_NOHUGEPAGE,
	DontDump:      unix.MADV_DONTDUMP,
	Dump:          unix.MADV_DODUMP,
	WipeOnFork:    unix.MADV_WIPEONFORK,
	KeepOnFork:    unix.MADV_KEEPONFORK,
	DontFork:      unix.MADV_DONTFORK,
	PopulateRead:  unix.MADV_POPULATE_READ,
	PopulateWrite: unix.MADV_POPULATE_WRITE,
}

func sysAdvise(base, size uintptr, a Advice) error { return madvise(base, size, advices[a]) }

func sysCollapse(base, size uintptr) error { return madvise(base, size, unix.MADV_COLLAPSE) }

// sysDiscard drops the pages. The kernel keeps what the mapping shows.
func sysDiscard(base, size uintptr, _ *Kind) error { return sysAdvise(base, size, DontNeed) }

var errNoMarkers = lacking("madvise with MADV_GUARD_INSTALL", errors.New("the call has no effect"))

func sysGuard(base, size uintptr, on bool) error {
	if on {
		if !markersWork() {
			return errNoMarkers
		}
		return madvise(base, size, unix.MADV_GUARD_INSTALL)
	}
	return madvise(base, size, unix.MADV_GUARD_REMOVE)
}

// madvise replaces unix.Madvise, whose slice limits the length of a range on 32-bit
// platforms. The calls below exist for the same reason.
func madvise(base, size, advice uintptr) error {
	return pages(unix.SYS_MADVISE, base, size, advice)
}

func sysProtect(base, size uintptr, a Access) error {
	return pages(unix.SYS_MPROTECT, base, size, uintptr(protections[a]))
}

const lockOnFault = 1 // MLOCK_ONFAULT, which x/sys does not have

func sysLock(base, size uintptr, onFault bool) error {
	if onFault {
		return pages(unix.SYS_MLOCK2, base, size, lockOnFault)
	}
	err := pages(unix.SYS_MLOCK, base, size, 0)
	// ENOMEM has three causes: a lack of memory, pages that the file does not have, and
	// the limit. A lock that brings no page in fails only because of the limit.
	if errors.Is(err, unix.ENOMEM) && pages(unix.SYS_MLOCK2, base, size, lockOnFault) == nil {
		err = fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return err
}

func sysUnlock(base, size uintptr) error { return pages(unix.SYS_MUNLOCK, base, size, 0) }

func sysSync(_ int, base, size uintptr, async bool) error {
	if async {
		return pages(unix.SYS_MSYNC, base, size, unix.MS_ASYNC)
	}
	return pages(unix.SYS_MSYNC, base, size, unix.MS_SYNC)
}

// pages makes a kernel call whose arguments are a range of pages and one more.
func pages(call, base, size, argument uintptr) error {
	for {
		_, _, errno := unix.Syscall(call, base, size, argument)
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

func sysName(base, size uintptr, name string) error {
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall6(unix.SYS_PRCTL, unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME,
		base, size, uintptr(unsafe.Pointer(text)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
