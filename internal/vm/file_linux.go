// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

func sysOpen(name string, flags OpenFlags, permissions uint32) (fd int, err error) {
	// O_NONBLOCK: opening a named pipe must not wait for its other end.
	mode := unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK
	for _, f := range [...]struct {
		flag OpenFlags
		mode int
	}{
		{ForWriting, unix.O_RDWR},
		{Create, unix.O_CREAT},
		{Exclusive, unix.O_EXCL},
		{Unnamed, unix.O_TMPFILE},
		{NoFollow, unix.O_NOFOLLOW},
	} {
		if flags&f.flag != 0 {
			mode |= f.mode
		}
	}
	err = uninterrupted(func() error {
		fd, err = unix.Open(name, mode, permissions)
		return err
	})
	return fd, err
}

func sysMemfd(name string) (int, error) { return unix.MemfdCreate(name, unix.MFD_CLOEXEC) }

func sysDup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// sysClose is never repeated: Linux closes the descriptor even if it returns an error.
func sysClose(fd int) error { return unix.Close(fd) }

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

func sysTruncate(fd int, size int64) error {
	return uninterrupted(func() error { return unix.Ftruncate(fd, size) })
}

func sysAllocate(fd int, offset, size int64) error {
	return uninterrupted(func() error { return unix.Fallocate(fd, 0, offset, size) })
}

func sysFlock(fd int, exclusive, wait bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	if !wait {
		how |= unix.LOCK_NB
	}
	return uninterrupted(func() error { return unix.Flock(fd, how) })
}

func sysFunlock(fd int) error { return unix.Flock(fd, unix.LOCK_UN) }

// sysLink uses /proc, which needs no privilege, unlike AT_EMPTY_PATH.
func sysLink(fd int, name string) error {
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
}

func sysUnlink(name string) error { return unix.Unlink(name) }

// uninterrupted repeats a call that a signal interrupted.
func uninterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
