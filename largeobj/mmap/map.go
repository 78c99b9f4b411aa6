// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"math/rand/v2"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// Map returns a region of n bytes of private memory, zeroed. It costs RAM as it is
// written. n is 1 at least. Bytes begins on a page, behind a page whose end is the
// region's header; explicit huge pages have no header.
func Map(n int, o MapOptions) (*Region, error) {
	r := newRegion(Anonymous, o.Name, o.Options)
	if o.Secret {
		r.kind, r.options.GuardPages, r.options.Lock = Secret, true, true
	}
	return r.open("Map", n, 1, func() error { return r.mapPrivate(uintptr(n)) })
}

// newRegion returns a region that shows nothing yet.
func newRegion(kind Kind, name string, o Options) *Region {
	r := &Region{kind: kind, name: name, options: o, page: vm.PageSize(), charged: true, huge: o.HugePages}
	if o.Name != "" {
		r.name = o.Name
	}
	if r.huge == ExplicitPages && kind != Anonymous {
		r.huge = TransparentPages
	}
	r.gate.init()
	return r
}

// open checks what all regions have in common and calls mapping, which makes the
// mapping and finishes it. On failure nothing is left.
func (r *Region) open(op string, n, least int, mapping func() error) (*Region, error) {
	remains.retry()
	err := r.check(n, least)
	if err == nil {
		err = mapping()
	}
	if err != nil {
		return nil, r.error(op, n, errors.Join(err, r.dismantle()))
	}
	regions.set(r)
	return r, nil
}

// check refuses lengths and options that make no sense.
func (r *Region) check(n, least int) error {
	switch a := r.options.Align; {
	case n < least || uintptr(n) >= maxLength:
		return invalid("a length of %d bytes", n)
	case a < 0 || a&(a-1) != 0 || uintptr(a) >= maxLength:
		return invalid("an alignment of %d bytes", a)
	case r.options.HugePages > ExplicitPages:
		return invalid("huge pages of kind %d", r.options.HugePages)
	}
	return nil
}

// finish does what the options ask of a mapping of any kind.
func (r *Region) finish() error {
	if r.length == 0 {
		return nil
	}
	m := r.frame.body
	if r.file == nil && !r.secret {
		_ = space.Name(m.Base, m.Size, "ashlar:"+r.name) // decoration
	}
	if r.huge == TransparentPages {
		r.useTransparent()
	}
	if r.options.Lock && !r.secret {
		return r.lockPages(addrRange{m.Base, m.Base + m.Size}, false)
	}
	return nil
}

// useTransparent advises the kernel to use transparent huge pages, and populates
// only then: MAP_POPULATE would have brought in small ones.
func (r *Region) useTransparent() {
	m := r.frame.body
	if space.Advise(m.Base, m.Size, vm.HugePage) != nil {
		r.huge = SmallPages // a kernel or a file system without them
	}
	if !r.options.Populate {
		return
	}
	populate := vm.PopulateRead // what is shared is not to be written for that
	if r.private() {
		populate = vm.PopulateWrite
	}
	_ = space.Advise(m.Base, m.Size, populate)
}

// populate reports whether the mapping is populated as it is made.
func (r *Region) populate() bool { return r.options.Populate && r.huge != TransparentPages }

// mapPrivate makes the mapping of n bytes of private memory, and its header.
func (r *Region) mapPrivate(n uintptr) error {
	r.seal = rand.Uint64()
	if r.huge == ExplicitPages {
		if r.kind == Anonymous && r.mapExplicit(n) == nil {
			return r.finish()
		}
		r.huge = TransparentPages
	}
	r.page, r.lead = vm.PageSize(), vm.PageSize()
	if r.kind == Secret {
		if err := r.mapSecret(n); err != nil {
			return err
		}
	} else if err := r.show(vm.Kind{Populate: r.populate()}, n); err != nil {
		return err
	}
	r.writeHeader()
	return r.finish()
}

// mapExplicit tries explicit huge pages.
func (r *Region) mapExplicit(n uintptr) error {
	r.page, r.lead = vm.HugePageSize(), 0
	return r.show(vm.Kind{Huge: true, Populate: r.populate()}, n)
}

// mapSecret makes a mapping of secret memory, or, where the kernel has none, of
// private memory with the properties that promise the most.
func (r *Region) mapSecret(n uintptr) error {
	f, err := space.Secret()
	if err != nil {
		return r.mapHidden(n)
	}
	// The mapping keeps the file; nobody else gets to it.
	err = space.Truncate(f, int64(r.sizeFor(n)))
	if err == nil {
		err = r.show(vm.Kind{File: f, Shared: true}, n)
	}
	if err := errors.Join(err, space.CloseFile(f)); err != nil {
		return errors.Join(err, r.dismantle())
	}
	r.secret = true
	return r.hide(vm.DontFork)
}

// mapHidden makes a mapping of private memory that is hidden; finish locks it.
func (r *Region) mapHidden(n uintptr) error {
	if err := r.show(vm.Kind{}, n); err != nil {
		return err
	}
	return r.hide(vm.DontDump, vm.WipeOnFork)
}

// hide gives the advice that secret memory needs, or gives the memory up.
func (r *Region) hide(advice ...vm.Advice) error {
	for _, a := range advice {
		if err := space.Advise(r.frame.body.Base, r.frame.body.Size, a); err != nil {
			return errors.Join(err, r.dismantle())
		}
	}
	return nil
}

// show makes the mapping of kind k in which n bytes are used.
func (r *Region) show(k vm.Kind, n uintptr) error {
	size := r.sizeFor(n)
	w, err := newFrame(k, size, r.footing())
	if err != nil {
		return err
	}
	r.charge(size)
	r.frame, r.length = w, n
	return nil
}

// dismantle gives back what there is of a region.
func (r *Region) dismantle() error {
	err := r.unmap()
	if r.file != nil {
		err = errors.Join(err, space.CloseFile(r.file))
		r.file = nil
	}
	return err
}

// unmap gives the mapping back.
func (r *Region) unmap() error {
	r.refund(r.frame.body.Size)
	err := r.frame.release()
	r.frame, r.length, r.locked = frame{}, 0, false
	return err
}

// charge counts n bytes that the kernel has mapped. The space of regions has no limit.
func (r *Region) charge(n uintptr) {
	if r.charged {
		_ = space.Charge(n)
	}
}

func (r *Region) refund(n uintptr) {
	if r.charged {
		space.Refund(n)
	}
}
