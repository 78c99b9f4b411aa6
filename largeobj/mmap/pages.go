// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// toEnd stands for the length of a range that ends where the region does.
const toEnd = -1

// Advise gives advice on the whole region.
func (r *Region) Advise(a Advice) error { return r.AdviseRange(0, toEnd, a) }

// AdviseRange gives advice on n bytes from off on; n = -1: to the end. Advice
// that stays with the pages (all but WillNeed, DontNeed, Free and the two that
// populate) goes with them through Resize, which fails while parts of the region
// were given different advice.
//
// ErrKernelLacks says that the kernel does not know the advice at all.
func (r *Region) AdviseRange(off, n int, a Advice) error {
	return r.onPages("Advise", off, n, func(p addrRange) error {
		switch {
		case vm.Advice(a) >= vm.NumAdvice:
			return invalid("advice %d", a)
		case r.kind == Secret && (a == AdviseDump || a == AdviseKeepOnFork):
			return invalid("secret memory stays hidden")
		case a == AdviseDontNeed || a == AdviseFree:
			p = r.inside(p)
		default:
			p = r.around(p)
		}
		if p.size() == 0 {
			return nil
		}
		return space.Advise(p.begin, p.size(), vm.Advice(a))
	})
}

// Lock brings the region into RAM and keeps it there. What Resize adds is locked too.
//
// ErrLockLimit says that the process may not lock so much, names the limit, and how it
// is raised. ErrTruncated says that the file ends before the region does, ErrNoSpace that
// there is no room for a page that the file does not have yet, and ErrOutOfMemory that
// there is no RAM. A region that was not locked is not locked then.
func (r *Region) Lock() error { return r.lock("Lock", false) }

// LockOnFault keeps those pages in RAM that are accessed, from then on.
func (r *Region) LockOnFault() error { return r.lock("LockOnFault", true) }

func (r *Region) lock(op string, onFault bool) error {
	return r.onPages(op, 0, toEnd, func(p addrRange) error {
		if r.secret {
			return nil // it is
		}
		return r.noted(func() error { return r.lockPages(r.around(p), onFault) })
	})
}

// lockPages locks pages that are all of the region.
func (r *Region) lockPages(p addrRange, onFault bool) error {
	err := space.Lock(p.begin, p.size(), onFault)
	if err == nil {
		r.locked = true
		return nil
	}
	if !r.locked {
		_ = space.Unlock(p.begin, p.size()) // some of them may be
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

// Unlock lets the kernel swap the region out again. Secret memory stays locked.
func (r *Region) Unlock() error {
	return r.onPages("Unlock", 0, toEnd, func(p addrRange) error {
		if r.kind == Secret {
			return invalid("secret memory stays locked")
		}
		p = r.around(p)
		return r.noted(func() error {
			err := space.Unlock(p.begin, p.size())
			r.locked = r.locked && err != nil
			return err
		})
	})
}

// Sync writes changes back to the file, and returns when they are stored. It does
// nothing for memory without a file. Changes to a region with FileCopyOnWrite never
// reach the file: ErrInvalid.
func (r *Region) Sync() error { return r.sync(0, toEnd, false) }

// SyncAsync asks for the changes to be written, and does not wait. The kernel of
// today takes it as no more than a hint: it writes when it does anyway.
func (r *Region) SyncAsync() error { return r.sync(0, toEnd, true) }

// SyncRange is Sync for n bytes from off on; n = -1: to the end. What shares a page
// with them is written as well.
func (r *Region) SyncRange(off, n int) error { return r.sync(off, n, false) }

func (r *Region) sync(off, n int, async bool) error {
	return r.onPages("Sync", off, n, func(p addrRange) error {
		switch {
		case r.file == nil:
			return nil
		case r.mode == FileCopyOnWrite:
			return invalid("what is written to a copy-on-write region never reaches the file")
		}
		p = r.around(p)
		return space.Sync(p.begin, p.size(), async)
	})
}

// Protect changes what the program may do with the region. An access that is not
// allowed faults: see Catch. A region that is not as accessible as it was at first
// cannot be resized.
func (r *Region) Protect(a Access) error { return r.ProtectRange(0, toEnd, a) }

// ProtectRange is Protect for n bytes from off on; n = -1: to the end. They must be
// whole pages, counted from the first byte, or end with the region.
func (r *Region) ProtectRange(off, n int, a Access) error {
	return r.onPages("Protect", off, n, func(p addrRange) error {
		whole := r.pagesOf(p)
		switch {
		case a > NoAccess:
			return invalid("access %d", a)
		case a == ReadWrite && r.readOnly():
			return ErrReadOnly
		case p.begin != whole.begin && off != 0 || p.end != whole.end && p.end != r.bounds().end:
			return invalid("bytes %d to %d are no whole pages", off, off+int(p.size()))
		}
		return r.noted(func() error {
			err := space.Protect(whole.begin, whole.size(), vm.Access(a))
			if err == nil {
				r.protected = a != r.access() || r.protected && whole != r.pagesOf(r.bounds())
			}
			return err
		})
	})
}

// access returns what the pages allow at first.
func (r *Region) access() Access {
	if r.readOnly() {
		return ReadOnly
	}
	return ReadWrite
}

// An addrRange is a range of addresses.
type addrRange struct{ begin, end uintptr }

func (p addrRange) size() uintptr { return p.end - p.begin }

// bounds returns where the bytes of the region are.
func (r *Region) bounds() addrRange { return addrRange{r.base(), r.base() + r.length} }

// pagesOf returns the pages that bytes lie in.
func (r *Region) pagesOf(p addrRange) addrRange {
	return addrRange{raw.AlignDown(p.begin, r.page), raw.AlignUp(p.end, r.page)}
}

// around returns the pages that bytes lie in, and for all bytes that of the header
// too: unless it is like the others the kernel splits the mapping.
func (r *Region) around(p addrRange) addrRange {
	pages := r.pagesOf(p)
	if p == r.bounds() {
		pages.begin = r.frame.body.Base
	}
	return pages
}

// inside returns the pages of which no byte lies outside p. What the last page has
// beyond the region is nobody's.
func (r *Region) inside(p addrRange) addrRange {
	in := addrRange{raw.AlignUp(p.begin, r.page), raw.AlignDown(p.end, r.page)}
	if p.end == r.bounds().end {
		in.end = raw.AlignUp(p.end, r.page)
	}
	in.end = max(in.begin, in.end)
	return in
}

// onPages checks a range and calls f with it, behind the gate.
func (r *Region) onPages(op string, off, n int, f func(addrRange) error) error {
	if err := r.gate.enter(); err != nil {
		return r.error(op, 0, err)
	}
	defer r.gate.leave()
	length := int(r.length)
	if n == toEnd {
		n = length - off
	}
	if off < 0 || n < 0 || off > length || n > length-off {
		return r.error(op, 0, invalid("%d bytes from %d on, of %d", n, off, length))
	}
	if n == 0 {
		return nil
	}
	base := r.base() + uintptr(off)
	return r.error(op, 0, f(addrRange{base, base + uintptr(n)}))
}

// noted runs one change of the pages at a time, and lists what they are then.
func (r *Region) noted(change func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := change()
	regions.set(r)
	return err
}
