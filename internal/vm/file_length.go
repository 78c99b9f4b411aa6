// SPDX-License-Identifier: Apache-2.0

package vm

import "path/filepath"

// Preallocate takes the space for size bytes of f from offset on, as Allocate does, and
// leaves the length of f as it is. After a failure some of the space may be taken
// beyond the end of f: Truncate to the length that f has gives it back.
func (s *Space) Preallocate(f *File, offset, size int64) error {
	return named(f.name, s.call(OpAllocate, 0, func() error { return sysPreallocate(f.fd, offset, size) }))
}

// LockLength takes the lock under which this module changes the length of f. It waits
// for whoever has it. f must be open for writing. The lock ends as that of LockFile
// does, and is another one: programs use LockFile's for purposes of their own.
// ErrKernelLacks says that the kernel or the file system has no such lock.
func (s *Space) LockLength(f *File) error {
	return named(f.name, s.call(OpFlock, 0, func() error { return sysLockLength(f.fd, true) }))
}

// UnlockLength gives the lock of LockLength back, also when it returns an error.
func (s *Space) UnlockLength(f *File) error {
	return s.surely(OpFlock, f, func(fd int) error { return sysLockLength(fd, false) })
}

// StoreName returns when the directory entry of a file is on the disk. File systems
// that have nothing to store, or store it anyway, may refuse the call: that is no error.
func (s *Space) StoreName(name string) error {
	dir, err := s.Open(filepath.Dir(name), 0, 0)
	if err != nil {
		return err
	}
	err = s.call(OpStore, 0, func() error { return sysStoreDirectory(dir.fd) })
	if isInvalid(err) || isLacking(err) {
		err = nil
	}
	if closing := s.CloseFile(dir); err == nil {
		err = closing
	}
	return named(name, err)
}
