// SPDX-License-Identifier: Apache-2.0

//go:build unix && !aix && !ashlar_heap

package vm

import (
	"errors"

	"golang.org/x/sys/unix"
)

// openNamed opens or makes the file with the name.
func openNamed(name string, flags OpenFlags, permissions uint32) (fd int, err error) {
	// O_NONBLOCK: opening a named pipe must not wait for its other end.
	mode := unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK
	for _, f := range [...]struct {
		flag OpenFlags
		mode int
	}{
		{ForWriting, unix.O_RDWR},
		{Create, unix.O_CREAT},
		{Exclusive, unix.O_EXCL},
		{Unnamed, openUnnamed},
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

func sysDup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

func sysTruncate(fd int, size int64) error {
	return uninterrupted(func() error { return unix.Ftruncate(fd, size) })
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

func sysUnlink(name string) error { return unix.Unlink(name) }

// uninterrupted repeats a call that a signal interrupted.
func uninterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
func sysRead(fd int, p []byte, offset int64) (n int, err error) {
	err = uninterrupted(func() error {
		n, err = unix.Pread(fd, p, offset)
		return err
	})
	return n, err
}

func sysWrite(fd int, p []byte, offset int64) (n int, err error) {
	err = uninterrupted(func() error {
		n, err = unix.Pwrite(fd, p, offset)
		return err
	})
	return n, err
}
