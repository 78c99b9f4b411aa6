// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// The POSIX source makes only calls that all POSIX systems have. They have no mremap, and
// madvise gives no zeros, so that new mappings are laid over old ones instead.

const source = posixSource

const readWrite = unix.PROT_READ | unix.PROT_WRITE

// sharedPrefix begins the path of each named shared object: there is no directory in RAM
// that all systems have.
func sharedPrefix() string { return os.TempDir() + "/ashlar-shared." }

func sysMap(size uintptr) (uintptr, error) {
	p, err := anonymous(hint(size), size, readWrite, 0)
	if err != nil {
		return 0, oom("mmap", size, err)
	}
	return p, nil
}

// anonymous maps private memory without a file.
func anonymous(at, size uintptr, protection, flags int) (uintptr, error) {
	p, err := unix.MmapPtr(-1, 0, raw.Pointer(at), size, protection, unix.MAP_PRIVATE|unix.MAP_ANON|noReserve|flags)
	return raw.Addr(p), err
}

func sysUnmap(base, size uintptr) error {
	if err := unmapWithRoom(base, size); err != nil {
		return oom("munmap", size, err)
	}
	return nil
}

// sysPurge lays fresh memory over the range: madvise with MADV_DONTNEED gives no zeros on
// most systems.
func sysPurge(base, size uintptr, lazy bool) error {
	if lazy {
		return sysAdvise(base, size, Free)
	}
	if _, err := anonymous(base, size, readWrite, unix.MAP_FIXED); err != nil {
		return oom("mmap", size, err)
	}
	return nil
}

// sysDiscard lays the mapping anew over a part of it.
func sysDiscard(base, size uintptr, k *Kind) error {
	again := *k
	again.at, again.Populate = base, false
	_, err := sysMapKind(size, &again)
	return err
}

var protections = [...]int{
	ReadWrite: readWrite,
	ReadOnly:  unix.PROT_READ,
	NoAccess:  unix.PROT_NONE,
}

// sysMakeRoom does nothing: a mapping at a chosen address replaces what is there, so that
// no other thread can take the place meanwhile.
func sysMakeRoom(uintptr, uintptr, *Kind) error { return nil }

// sysMapKind makes a mapping. One at a chosen address replaces what is there.
func sysMapKind(size uintptr, k *Kind) (base uintptr, err error) {
	if k.Huge {
		return 0, Need(HugePages)
	}
	fd, flags := -1, unix.MAP_PRIVATE|noReserve
	if k.Shared {
		flags = unix.MAP_SHARED
	}
	if k.File != nil {
		fd = k.File.fd
	} else {
		flags |= unix.MAP_ANON
	}
	at := hint(size)
	if k.at != 0 {
		at = k.at
		flags |= unix.MAP_FIXED
	}
	p, err := unix.MmapPtr(fd, k.Offset, raw.Pointer(at), size, protections[k.Access], flags)
	if err == nil && k.Populate {
		_ = unix.Madvise(raw.Bytes(raw.Addr(p), size), unix.MADV_WILLNEED)
	}
	return raw.Addr(p), err
}

var advices = map[Advice]int{
	Normal:     unix.MADV_NORMAL,
	Sequential: unix.MADV_SEQUENTIAL,
	Random:     unix.MADV_RANDOM,
	WillNeed:   unix.MADV_WILLNEED,
	Free:       unix.MADV_FREE,
}

func sysCollapse(uintptr, uintptr) error { return Need(HugePages) }

func sysAdvise(base, size uintptr, a Advice) error {
	advice, known := advices[a]
	switch {
	case known:
		return repeat(func() error { return unix.Madvise(raw.Bytes(base, size), advice) })
	case a == HugePage || a == NoHugePage:
		return Need(HugePages)
	case a == PopulateRead || a == PopulateWrite:
		return touch(base, size, a == PopulateWrite)
	}
	return Need(Hiding)
}

func sysGuard(uintptr, uintptr, bool) error { return Need(Markers) }

func sysProtect(base, size uintptr, a Access) error {
	return repeat(func() error { return unix.Mprotect(raw.Bytes(base, size), protections[a]) })
}

func sysLock(base, size uintptr, onFault bool) error {
	if onFault {
		return Need(LockingOnFault)
	}
	err := repeat(func() error { return unix.Mlock(raw.Bytes(base, size)) })
	if err == unix.ENOMEM && touch(base, size, false) != nil {
		err = errors.Join(ErrAbsent, err) // and not the limit
	}
	return err
}

func sysUnlock(base, size uintptr) error {
	return repeat(func() error { return unix.Munlock(raw.Bytes(base, size)) })
}

func sysSync(_ int, base, size uintptr, async bool) error {
	how := unix.MS_SYNC
	if async {
		how = unix.MS_ASYNC
	}
	return repeat(func() error { return unix.Msync(raw.Bytes(base, size), how) })
}

func sysName(uintptr, uintptr, string) error { return Need(Names) }

func sysResident(uintptr, []byte) error { return Need(Residency) }

func sysCopied(uintptr, uintptr, func(uintptr)) error { return Need(Copies) }

func repeat(call func() error) error { return uninterrupted(call) }

// outOfMemory returns ErrOutOfMemory.
func outOfMemory() error { return ErrOutOfMemory }

// lockLimit returns ErrLockLimit with the limit.
func lockLimit() error {
	if limit, ok := lockable(); ok {
		return fmt.Errorf("%w (RLIMIT_MEMLOCK is %d bytes; raise it with ulimit -l)", ErrLockLimit, limit)
	}
	return ErrLockLimit
}

// beyondLockLimit reports whether locking size bytes more would exceed the limit for
// certain. What is locked already is not known.
func beyondLockLimit(size uintptr) bool {
	limit, ok := lockable()
	return ok && uint64(size) > limit
}
