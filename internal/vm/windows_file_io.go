// SPDX-License-Identifier: Apache-2.0

//go:build windows && !ashlar_heap

package vm

import (
	"errors"

	"golang.org/x/sys/windows"
)

// A system call transfers at most this many bytes.
const maxTransfer = 1 << 30

func overlapped(offset int64) *windows.Overlapped {
	return &windows.Overlapped{Offset: uint32(offset), OffsetHigh: uint32(offset >> 32)}
}

func sysRead(fd int, p []byte, offset int64) (int, error) {
	var n uint32
	err := windows.ReadFile(windows.Handle(fd), p[:min(len(p), maxTransfer)], &n, overlapped(offset))
	if errors.Is(err, windows.ERROR_HANDLE_EOF) {
		err = nil
	}
	return int(n), err
}

func sysWrite(fd int, p []byte, offset int64) (int, error) {
	var n uint32
	err := windows.WriteFile(windows.Handle(fd), p[:min(len(p), maxTransfer)], &n, overlapped(offset))
	return int(n), err
}

func sysStore(fd int) error { return windows.FlushFileBuffers(windows.Handle(fd)) }

// sysStoreDirectory does nothing: a directory cannot be flushed, and NTFS has its changes in a
// log, which is flushed with the file.
func sysStoreDirectory(int) error { return nil }

// Locks of ranges of bytes are mandatory on Windows. So the locks of files are those of two
// bytes far beyond the end of any file.
const (
	lockByte   = 1 << 62
	lengthByte = lockByte + 1
)

// sysFlock takes the lock. The system does not change the kind of a lock, so a lock that the
// handle has already is released first, as flock does.
func sysFlock(fd int, exclusive, wait bool) error {
	_ = sysFunlock(fd) // an error if there is none
	flags := uint32(0)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	if !wait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	err := windows.LockFileEx(windows.Handle(fd), flags, 0, 1, 0, overlapped(lockByte))
	if err != nil && !errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		if info, failed := sysStat(fd); failed == nil && !info.Regular { // a directory has no bytes to lock
			return nil
		}
	}
	return err
}

func sysFunlock(fd int) error { return unlockByte(fd, lockByte) }

func unlockByte(fd int, offset int64) error {
	return windows.UnlockFileEx(windows.Handle(fd), 0, 1, 0, overlapped(offset))
}

func sysLockLength(fd int, take bool) error {
	if take {
		return windows.LockFileEx(windows.Handle(fd), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, overlapped(lengthByte))
	}
	return unlockByte(fd, lengthByte)
}
