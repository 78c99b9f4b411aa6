// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Free frees the object at addr. It returns a *Violation, and frees nothing, if there
// is no intact live object at addr.
func (h *Heap) Free(addr uintptr) error {
	o, err := h.claim(addr, Releasing)
	if err != nil {
		return err
	}
	h.dispose(o)
	return nil
}

// Usable returns the number of bytes from the object at addr to the end of its
// extent, at least the requested size. It returns a *Violation if there is no intact
// live object at addr.
func (h *Heap) Usable(addr uintptr) (uintptr, error) {
	o := h.lookup(addr)
	if o == nil || o.current() != Live {
		return 0, h.report(addr)
	}
	if !o.intact(addr, h.secret) {
		return 0, o.overwritten()
	}
	return o.usable(), nil
}

// claim changes the state of the intact live object at addr, and so makes the object
// the caller's.
//
// The page map comes first, then the compare-and-swap of the state, then the header.
// So claim reads a header only where one is mapped and stays mapped, and of two calls
// that race for an object one gets an error.
func (h *Heap) claim(addr uintptr, to State) (*object, error) {
	o := h.lookup(addr)
	if o == nil || !o.swap(Live, to) {
		return nil, h.report(addr)
	}
	if !o.intact(addr, h.secret) {
		o.set(Live)
		return nil, o.overwritten()
	}
	return o, nil
}

// lookup returns the object of this heap for which the page map has addr, in any
// state, or nil.
func (h *Heap) lookup(addr uintptr) *object {
	d := pagemap.Get(addr)
	if d == 0 {
		return nil
	}
	o := objectAt(d)
	if o.Kind != pagemap.Large || o.user() != addr || o.Owner != h.owner {
		return nil
	}
	return o
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
	o.free()
}

// Requested returns the requested size of the live object at addr, in bytes.
func (h *Heap) Requested(addr uintptr) uintptr { return h.lookup(addr).requested }

// IsLive reports whether a live object begins at addr.
func (h *Heap) IsLive(addr uintptr) bool {
	o := h.lookup(addr)
	return o != nil && o.current() == Live
}
