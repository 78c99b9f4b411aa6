// SPDX-License-Identifier: Apache-2.0

package mmap

// Lock brings all pages of the region into RAM and keeps them there. Pages that Resize
// adds are locked too. The error is ErrLockLimit if the process may not lock so much
// memory; its message names the limit and says how it is raised.
func (r *Region) Lock() error { return r.lock(0, toEnd, false) }

// LockRange does for n bytes from offset off on what Lock does for all; n = -1 means to
// the end of the region. It locks whole pages. Resize returns ErrMixed while only a part
// of the region is locked.
func (r *Region) LockRange(off, n int) error { return r.lock(off, n, false) }

// LockOnFault keeps in RAM each page that is accessed, from then on.
func (r *Region) LockOnFault() error { return r.lock(0, toEnd, true) }

func (r *Region) lock(off, n int, onFault bool) error {
	return r.onPages("Lock", off, n, func(p addrRange) error {
		if r.secret {
			return nil // it is locked
		}
		whole := p == r.bounds()
		p = r.around(p)
		return r.note(space.Lock(p.begin, p.size(), onFault), func() { r.locked = r.locked || whole })
	})
}

// Unlock allows the kernel to swap the region out. Secret memory stays locked: ErrInvalid.
func (r *Region) Unlock() error { return r.UnlockRange(0, toEnd) }

// UnlockRange does for n bytes from offset off on what Unlock does for all; n = -1 means
// to the end of the region. It unlocks whole pages.
func (r *Region) UnlockRange(off, n int) error {
	return r.onPages("Unlock", off, n, func(p addrRange) error {
		if r.kind == Secret {
			return invalid("secret memory stays locked")
		}
		p = r.around(p)
		return r.note(space.Unlock(p.begin, p.size()), func() { r.locked = false })
	})
}
