// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"io"

	"golang.org/x/sys/unix"
)

func sysPreallocate(fd int, offset, size int64) error {
	return uninterrupted(func() error { return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, offset, size) })
}

// lengthByte is the byte that sysLockLength locks: far beyond what files have, so that
// it is none of those that programs lock to share a file's contents.
const lengthByte = 1 << 62

// sysLockLength locks by the open file description (Linux 3.15), as flock does: a lock
// of the process would be lost when any descriptor of the file is closed.
func sysLockLength(fd int, take bool) error {
	l := unix.Flock_t{Type: unix.F_UNLCK, Whence: io.SeekStart, Start: lengthByte, Len: 1}
	if take {
		l.Type = unix.F_WRLCK
	}
	return uninterrupted(func() error { return unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLKW, &l) })
}

// sysStoreDirectory is not fdatasync: some file systems take an entry for something
// that can wait.
func sysStoreDirectory(fd int) error { return uninterrupted(func() error { return unix.Fsync(fd) }) }
