// SPDX-License-Identifier: Apache-2.0

package mmap

import "github.com/ashlar-go/ashlar/internal/vm"

// Access says what a program may do with pages. An access that is not allowed is a
// fault: see Catch.
type Access uint8

// The kinds of access.
const (
	ReadWrite = Access(vm.ReadWrite)
	ReadOnly  = Access(vm.ReadOnly) // a write is a fault
	NoAccess  = Access(vm.NoAccess) // a read or a write is a fault
)

// Protect changes what the program may do with the region. It returns ErrReadOnly for
// ReadWrite if the region shows a file or object read-only. Resize fails while a page has
// another access than at first.
func (r *Region) Protect(a Access) error { return r.ProtectRange(0, toEnd, a) }

// ProtectRange changes what the program may do with the n bytes from offset off on; n = -1
// means to the end of the region. The bytes must be whole pages, or end with the region.
func (r *Region) ProtectRange(off, n int, a Access) error {
	return r.onPages("Protect", off, n, func(p addrRange) error {
		whole := r.pagesOf(p)
		switch {
		case a > NoAccess:
			return invalid("access %d", a)
		case a == ReadWrite && r.readOnly():
			return ErrReadOnly
		case p.begin != whole.begin && off != 0 || p.end != whole.end && p.end != r.bounds().end:
			return invalid("bytes %d to %d are not whole pages", off, off+int(p.size()))
		}
		return r.noting(func() error {
			err := space.Protect(whole.begin, whole.size(), vm.Access(a))
			if err == nil {
				r.protected = a != r.access() || r.protected && whole != r.pagesOf(r.bounds())
			}
			return err
		})
	})
}

// access returns the access that the pages have at first.
func (r *Region) access() Access {
	if r.readOnly() {
		return ReadOnly
	}
	return ReadWrite
}
