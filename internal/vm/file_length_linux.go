// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"io"

	"golang.org/x/sys/unix"
)

func sysPreallocate(fd int, offset, size int64) error {
	return uninterrupted(func() error { return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, offset, size) })
}

func sysPunch(fd int, offset, size int64) error {
	return uninterrupted(func() error {
		return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE|unix.FALLOC_FL_PUNCH_HOLE, offset, size)
	})
}

// lengthByte is the offset of the byte that sysLockLength locks. It lies far beyond the
// end of any file, so no program locks it to share the file's contents.
const lengthByte = 1 << 62

// sysLockLength takes a lock of the open file description (Linux 3.15), like flock. A
// lock of the process would end when any descriptor of the file is closed.
func sysLockLength(fd int, take bool) error {
	l := unix.Flock_t{Type: unix.F_UNLCK, Whence: io.SeekStart, Start: lengthByte, Len: 1}
	if take {
		l.Type = unix.F_WRLCK
	}
	return uninterrupted(func() error { return unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLKW, &l) })
}

// sysStoreDirectory calls fsync and not fdatasync, because some file systems count a
// directory entry among the metadata that fdatasync skips.
func sysStoreDirectory(fd int) error { return uninterrupted(func() error { return unix.Fsync(fd) }) }
