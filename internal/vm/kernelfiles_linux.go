// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// kernelFiles is the root of the system's files. The first allocation of a process reads some
// settings of the kernel there. ReadFile makes three kernel calls. Package os makes ten, because it
// also asks epoll whether it can wait for the file.
type kernelFiles struct{}

// Open is that of the system's root.
func (kernelFiles) Open(name string) (fs.File, error) { return os.DirFS("/").Open(name) }

// ReadDir lists a directory.
func (kernelFiles) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir("/" + name) }

// maxSetting is the number of bytes that ReadFile reads at most. A setting takes less, and the
// kernel returns it by one call.
const maxSetting = 256

// ReadFile returns the first maxSetting bytes of a file.
func (kernelFiles) ReadFile(name string) ([]byte, error) {
	fd := -1
	err := uninterrupted(func() (err error) {
		fd, err = unix.Open("/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	text := make([]byte, maxSetting)
	n, err := sysRead(fd, text, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return text[:n], nil
}
