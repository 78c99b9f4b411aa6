// SPDX-License-Identifier: Apache-2.0

package vm

import "io"

// ReadFile fills p with the bytes of f from offset on. io.ErrUnexpectedEOF says that
// the file ends before.
func (s *Space) ReadFile(f *File, p []byte, offset int64) error {
	return s.transfer(OpRead, f, p, offset, sysRead, io.ErrUnexpectedEOF)
}

// WriteFile writes p to f from offset on. On failure part of it may be written.
func (s *Space) WriteFile(f *File, p []byte, offset int64) error {
	return s.transfer(OpWrite, f, p, offset, sysWrite, io.ErrShortWrite)
}

// transfer repeats a call that may do a part only, until all is done. end says what it
// means when that was nothing.
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

// StoreFile returns when the bytes and the length of f are on the disk (fdatasync).
// After a failure nobody knows which are, and a later success says nothing of them:
// they must be written again.
func (s *Space) StoreFile(f *File) error {
	return named(f.name, s.call(OpStore, 0, func() error { return sysStore(f.fd) }))
}

// Copied calls visit with the address of each page of a private mapping of a file
// that the process has its own copy of, because it wrote to it. ErrKernelLacks says
// that the kernel does not tell; visit may have been called for some then.
func (s *Space) Copied(base, size uintptr, visit func(page uintptr)) error {
	return s.call(OpCopied, 0, func() error { return sysCopied(base, size, visit) })
}
