// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// newRegion returns a region that has no mapping yet.
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

// open checks the length and the options that all kinds have, and calls mapping, which makes
// the mapping and finishes it. On failure it gives everything back. minLength is the smallest
// value of n.
func (r *Region) open(op string, n, minLength int, mapping func() error) (*Region, error) {
	remains.retry()
	err := r.options.check()
	if err == nil && (n < minLength || uintptr(n) >= maxLength) {
		err = invalid("a length of %d bytes", n)
	}
	if err == nil {
		err = mapping()
	}
	if err != nil {
		return nil, r.error(op, n, errors.Join(err, r.dismantle()))
	}
	regions.set(r)
	return r, nil
}

// mapBody makes the mapping of kind k, in which the program uses n bytes.
func (r *Region) mapBody(k vm.Kind, n uintptr) error {
	size := r.sizeFor(n)
	w, err := newFrame(k, size, r.footing())
	if err != nil {
		return err
	}
	r.charge(size)
	r.frame, r.length = w, n
	return nil
}

// finish names, advises and locks a new mapping as the options say.
func (r *Region) finish() error {
	if r.length == 0 {
		return nil
	}
	m := r.frame.body
	if r.file == nil && !r.secret {
		_ = space.Name(m.Base, m.Size, "ashlar:"+r.name) // the region works without a name
	}
	if r.huge == TransparentPages {
		r.useTransparent()
	}
	if r.options.Lock && !r.secret {
		return r.lockPages(addrRange{m.Base, m.Base + m.Size}, true, false)
	}
	return nil
}

// useTransparent advises the kernel to use transparent huge pages. It populates the
// region after that, because MAP_POPULATE would have brought in small pages.
func (r *Region) useTransparent() {
	m := r.frame.body
	if space.Advise(m.Base, m.Size, vm.HugePage) != nil {
		r.huge = SmallPages // the kernel or the file system has no huge pages
	}
	if !r.options.Populate {
		return
	}
	populate := vm.PopulateRead // populating shared memory must not write to it
	if r.private() {
		populate = vm.PopulateWrite
	}
	_ = space.Advise(m.Base, m.Size, populate)
}

// populate reports whether the call that makes the mapping populates it.
func (r *Region) populate() bool { return r.options.Populate && r.huge != TransparentPages }

// dismantle gives back everything that a region has.
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
	r.frame, r.length, r.locked, r.partLocked = frame{}, 0, false, false
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
