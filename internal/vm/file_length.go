// SPDX-License-Identifier: Apache-2.0

package vm

import "path/filepath"

// Preallocate reserves disk space for size bytes of f from offset on, like Allocate, but
// does not change the length of f. If it fails, some space beyond the end of f may be
// reserved. To release that space, call Truncate with the current length.
func (s *Space) Preallocate(f *File, offset, size int64) error {
	return named(f.name, s.call(OpAllocate, 0, func() error { return sysPreallocate(f.fd, offset, size) }))
}

// Punch releases the disk space of size bytes of f from offset on. The bytes are zero
// afterwards, and f keeps its length. Punch returns ErrKernelLacks if the kernel or the file
// system cannot do this.
func (s *Space) Punch(f *File, offset, size int64) error {
	return named(f.name, s.call(OpAllocate, 0, func() error { return sysPunch(f.fd, offset, size) }))
}

// LockLength takes the lock that protects changes of the length of f in this module. It
// waits while another holder has it. f must be open for writing. The lock ends like that
// of LockFile. It is a different lock, because programs use LockFile for their own
// purposes. LockLength returns ErrKernelLacks if the kernel or the file system has no
// such lock.
func (s *Space) LockLength(f *File) error {
	return named(f.name, s.call(OpFlock, 0, func() error { return sysLockLength(f.fd, true) }))
}

// UnlockLength releases the lock of LockLength, even if it returns an error.
func (s *Space) UnlockLength(f *File) error {
	return s.surely(OpFlock, f, func(fd int) error { return sysLockLength(fd, false) })
}

// StoreName waits until the directory entry of a file is on the disk. A file system that
// needs no such call may refuse it; StoreName then returns nil.
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
