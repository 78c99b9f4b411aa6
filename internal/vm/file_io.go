// SPDX-License-Identifier: Apache-2.0

package vm

import "io"

// ReadFile fills p with the bytes of f from offset on. It returns io.ErrUnexpectedEOF if
// the file ends before.
func (s *Space) ReadFile(f *File, p []byte, offset int64) error {
	return s.transfer(OpRead, f, p, offset, sysRead, io.ErrUnexpectedEOF)
}

// WriteFile writes p to f from offset on. If it fails, it may have written a part.
func (s *Space) WriteFile(f *File, p []byte, offset int64) error {
	return s.transfer(OpWrite, f, p, offset, sysWrite, io.ErrShortWrite)
}

// transfer repeats a call that may transfer only a part, until everything is transferred.
// end is the error for a call that transfers nothing.
func (s *Space) transfer(op Op, f *File, p []byte, offset int64,
	sys func(fd int, p []byte, offset int64) (int, error), end error) error {
	for len(p) > 0 {
		n := 0
		err := s.call(op, 0, func() (err error) {
			n, err = sys(f.fd, p, offset)
			return err
		})
		if err == nil && n == 0 {
			err = end
		}
		if err != nil {
			return named(f.name, err)
		}
		p, offset = p[n:], offset+int64(n)
	}
	return nil
}

// StoreFile waits until the contents and the length of f are on the disk (fdatasync).
// WARNING: if it fails, any part may be missing, and a later success does not mean that
// it is there. The caller must write everything again.
func (s *Space) StoreFile(f *File) error {
	return named(f.name, s.call(OpStore, 0, func() error { return sysStore(f.fd) }))
}

// Copied calls visit with the address of each page of a private file mapping that the
// process has written to, so that the kernel has copied it, or of each page of watched memory
// that was written. It returns ErrKernelLacks if the kernel does not report this for the mapping;
// visit may have been called for some pages before.
func (s *Space) Copied(base, size uintptr, visit func(page uintptr)) error {
	return s.call(OpCopied, 0, func() error { return sysCopied(base, size, visit) })
}

// Written reports whether all these pages of private anonymous memory were written, and not merely
// read, since they were mapped or purged. It returns ErrKernelLacks if the kernel does not tell.
func (s *Space) Written(pages []uintptr) (all bool, err error) {
	err = s.call(OpCopied, 0, func() (err error) {
		all, err = sysWritten(pages)
		return err
	})
	return all, err
}

// Forget makes Copied visit pages of watched memory again only when they are written again. On
// failure Copied still visits them. It returns ErrKernelLacks if memory cannot be watched.
func (s *Space) Forget(base, size uintptr) error {
	return s.call(OpCopied, 0, func() error { return sysForget(base, size) })
}
