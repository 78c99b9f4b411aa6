// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// openUnnamed makes an open call create a file without a name.
const openUnnamed = unix.O_TMPFILE

func sysOpen(name string, flags OpenFlags, permissions uint32) (int, error) {
	return openNamed(name, flags, permissions)
}

// sysReopen uses /proc. A duplicate of the descriptor would share its locks.
func sysReopen(fd int, flags OpenFlags) (int, error) {
	return openNamed(fmt.Sprintf("/proc/self/fd/%d", fd), flags, 0)
}

// sysClose is never repeated: Linux closes the descriptor even if it returns an error.
func sysClose(fd int) error { return unix.Close(fd) }

func sysMemfd(name string) (int, error) { return unix.MemfdCreate(name, unix.MFD_CLOEXEC) }

func sysStat(fd int) (FileInfo, error) {
	var st unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return FileInfo{}, err
	}
	var fs unix.Statfs_t
	err := uninterrupted(func() error { return unix.Fstatfs(fd, &fs) })
	return FileInfo{
		Bounded:  err == nil && fs.Blocks > 0,
		Full:     err == nil && fs.Blocks > 0 && fs.Bavail == 0,
		InMemory: err == nil && (uint32(fs.Type) == unix.TMPFS_MAGIC || uint32(fs.Type) == unix.RAMFS_MAGIC),
		Size:     st.Size, Regular: st.Mode&unix.S_IFMT == unix.S_IFREG, Permissions: st.Mode & 0o777,
		Owner: st.Uid, Device: uint64(st.Dev), Inode: st.Ino, Links: uint64(st.Nlink),
	}, nil
}

func sysAllocate(fd int, offset, size int64) error {
	return uninterrupted(func() error { return unix.Fallocate(fd, 0, offset, size) })
}

// sysLink uses /proc, which needs no privilege, unlike AT_EMPTY_PATH.
func sysLink(fd int, name string) (int, error) {
	return fd, unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
}
