// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Claim changes the state of the intact live object d at addr to Releasing or Resizing. The
// object belongs to the caller then, who passes it to Unclaim, Put, Retain or Resize. d is
// what the page map has for addr, or 0. If there is no intact live object of this heap at
// addr, Claim returns a *Violation and changes nothing. Of several calls for one object, one
// succeeds.
//
// The caller reads the page map first, then Claim changes the state by compare-and-swap,
// then it reads the header. So it reads a header only where one is mapped and stays mapped.
// If the descriptor becomes that of another object between the first two steps, Claim finds
// that the object is not at addr, or its state word has another generation, and the
// compare-and-swap fails.
func (h *Heap) Claim(d Descriptor, addr uintptr, to State) error {
	if d == 0 {
		return h.Report(addr)
	}
	o := objectAt(uintptr(d))
	word := atomic.LoadUint32(&o.state)
	if !o.is(addr, h.owner) || word&stateMask != uint32(Live) ||
		!o.change(word, to) {
		return h.Report(addr)
	}
	if interleave.Enabled {
		interleave.Point()
	}
	if !o.intact(addr, h.secret) {
		o.set(Live)
		return o.overwritten()
	}
	return nil
}

// change puts the object into a state, if its state word is still word.
func (o *object) change(word uint32, to State) bool {
	if interleave.Enabled {
		interleave.Point()
	}
	return atomic.CompareAndSwapUint32(&o.state, word, word&^stateMask|uint32(to))
}

// Unclaim gives a claimed object back to the program.
func (h *Heap) Unclaim(d Descriptor) { objectAt(uintptr(d)).set(Live) }

// Retain frees a claimed object. Its extent is retained or unmapped, as the policy says.
func (h *Heap) Retain(d Descriptor) {
	o := objectAt(uintptr(d))
	o.set(Releasing)
	h.dispose(o)
}

// Free frees the object at addr. It returns a *Violation, and frees nothing, if there
// is no intact live object at addr.
func (h *Heap) Free(addr uintptr) error {
	d := Descriptor(pagemap.Get(addr))
	err := h.Claim(d, addr, Releasing)
	if err == nil {
		h.Retain(d)
	}
	return err
}

// Usable returns the number of bytes from the object at addr to the end of its
// extent, at least the requested size. It returns a *Violation if there is no intact
// live object at addr. No other call may free or resize the object meanwhile.
func (h *Heap) Usable(addr uintptr) (uintptr, error) {
	o := h.lookup(addr)
	if o == nil || o.current() != Live {
		return 0, h.Report(addr)
	}
	if !o.intact(addr, h.secret) {
		return 0, o.overwritten()
	}
	return o.usable(), nil
}

// lookup returns the object of this heap for which the page map has addr, in any
// state, or nil.
func (h *Heap) lookup(addr uintptr) *object {
	d := pagemap.Get(addr)
	if d == 0 || !objectAt(d).is(addr, h.owner) {
		return nil
	}
	return objectAt(d)
}

// is reports whether o is an object of owner that begins at addr. The page map leads from
// addr to o.
func (o *object) is(addr, owner uintptr) bool {
	return o.Kind == pagemap.Large && o.user() == addr && o.Owner == owner
}

// dispose retains or unmaps the extent of a freed object, as the policy says.
func (h *Heap) dispose(o *object) {
	mark(o.user(), Retained)
	if o.carved() {
		h.uncarve(o)
		return
	}
	h.retain(h.local(), o)
}

// uncarve returns the run of a freed object to the page heap.
func (h *Heap) uncarve(o *object) {
	s := h.local()
	s.mu.Lock()
	s.live.remove(o)
	s.carved.remove(o)
	h.account(s, o, 0)
	h.demand.loosen(o, 0)
	s.publish(h)
	s.mu.Unlock()
	o.unregister()
	h.mu.Lock()
	h.unlist(o)
	h.old.add(past{base: o.user(), size: o.requested, fate: recycled})
	h.mu.Unlock()
	h.chunks.Free(o.start, int(o.total()/sizeclass.PageSize))
	h.freeObject(o)
}
