// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Claim takes the intact live object d at addr from the program by changing its state, to
// Releasing or Resizing: it belongs to the caller then, who passes it to Unclaim, Put,
// Retain or Resize. d is what the page map has for addr. Claim returns a *Violation, and
// changes nothing, if there is no intact live object of this heap at addr. Of several
// calls for an object one succeeds.
//
// The page map comes first, then the compare-and-swap of the state, then the header.
// So Claim reads a header only where one is mapped and stays mapped. Between the two
// first the descriptor may have become another object's: then the state's word is
// another, too.
func (h *Heap) Claim(d Descriptor, addr uintptr, to State) error {
	if d == 0 {
		return h.Report(addr)
	}
	o := objectAt(uintptr(d))
	word := atomic.LoadUint32(&o.state)
	if !o.is(addr, h.owner) || word&stateMask != uint32(Live) ||
		!atomic.CompareAndSwapUint32(&o.state, word, word&^stateMask|uint32(to)) {
		return h.Report(addr)
	}
	if !o.intact(addr, h.secret) {
		o.set(Live)
		return o.overwritten()
	}
	return nil
}

// Unclaim gives a claimed object back to the program.
func (h *Heap) Unclaim(d Descriptor) { objectAt(uintptr(d)).set(Live) }

// Retain frees a claimed object for good.
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

// is reports whether o, to which the page map leads from addr, is an object of owner's
// that begins there.
func (o *object) is(addr, owner uintptr) bool {
	return o.Kind == pagemap.Large && o.user() == addr && o.Owner == owner
}

// dispose does with the extent of a freed object what the policy says.
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
	s.mu.Unlock()
	o.unregister()
	h.mu.Lock()
	h.unlist(o)
	h.old.add(past{base: o.user(), size: o.requested, fate: recycled})
	h.mu.Unlock()
	h.chunks.Free(o.start, int(o.total()/sizeclass.PageSize))
	h.freeObject(o)
}
