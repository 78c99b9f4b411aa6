// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// Lock brings all pages of the region into RAM and keeps them there. Pages that Resize
// adds are locked too. On Windows it raises the limits of the process's working set as far as
// necessary.
//
// The error is ErrLockLimit if the process may not lock so much memory; its message names
// the limit and says how to raise it. It is ErrTruncated if the file ends before the region
// does, ErrNoSpace if the disk has no room for a page of a sparse file, and ErrOutOfMemory if
// there is no RAM. If Lock fails and no page was locked before, no page is locked
// afterwards.
func (r *Region) Lock() error { return r.lock(0, toEnd, false) }

// LockRange locks the pages of the n bytes from offset off on; n = -1 means to the end of
// the region. Resize returns ErrMixed while only a part of the region is locked.
func (r *Region) LockRange(off, n int) error { return r.lock(off, n, false) }

// LockOnFault locks each page of the region when it is first accessed.
func (r *Region) LockOnFault() error { return r.lock(0, toEnd, true) }

func (r *Region) lock(off, n int, onFault bool) error {
	return r.onPages("Lock", off, n, func(p addrRange) error {
		if r.secret {
			return nil // it is locked
		}
		whole := p == r.bounds()
		return r.noting(func() error { return r.lockPages(r.around(p), whole, onFault) })
	})
}

// lockPages locks the pages of p. whole says that p is the whole region. The error says why
// the kernel refused.
func (r *Region) lockPages(p addrRange, whole, onFault bool) error {
	err := space.Lock(p.begin, p.size(), onFault)
	if err == nil {
		r.locked = r.locked || whole
		r.partLocked = true
		return nil
	}
	if !r.partLocked {
		_ = space.Unlock(p.begin, p.size()) // some pages may be locked
	}
	if !errors.Is(err, vm.ErrAbsent) {
		return err
	}
	if r.file != nil {
		last := p.end - vm.PageSize() - r.frame.body.Base
		if missing := missingIn(r.file, r.offset+int64(last)); missing != nil {
			return fmt.Errorf("%w: %w", missing, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrOutOfMemory, err)
}

// alteredPages reports whether some pages may be locked or protected.
func (r *Region) alteredPages() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.partLocked || r.protected || r.kind == Secret
}

// Unlock allows the kernel to swap the region out. For secret memory it returns ErrInvalid,
// and the memory stays locked.
func (r *Region) Unlock() error { return r.UnlockRange(0, toEnd) }

// UnlockRange unlocks the pages of the n bytes from offset off on; n = -1 means to the end
// of the region.
func (r *Region) UnlockRange(off, n int) error {
	return r.onPages("Unlock", off, n, func(p addrRange) error {
		if r.kind == Secret {
			return invalid("secret memory stays locked")
		}
		whole := p == r.bounds()
		p = r.around(p)
		return r.noting(func() error {
			err := space.Unlock(p.begin, p.size())
			if err == nil {
				r.locked, r.partLocked = false, r.partLocked && !whole
			}
			return err
		})
	})
}
