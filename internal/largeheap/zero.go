package largeheap

import "github.com/ashlar-go/ashlar/internal/raw"

// Zero zeroes the first n bytes of the live object at addr, which is the caller's. A
// region whose last objects used little of it is not brought into RAM by that. Once
// all of a region is in RAM it stays there until it is purged, so the kernel is not
// asked again.
func (h *Heap) Zero(addr, n uintptr) { h.zero(h.lookup(addr), addr, n) }

// zero zeroes n bytes at addr, which are o's, and so the caller's.
func (h *Heap) zero(o *object, addr, n uintptr) {
	if o.full {
		raw.Clear(addr, n)
		return
	}
	full := h.space.Clear(addr, n)
	o.full = full && n >= o.usable()/8*7
}

// Wipe overwrites the first n bytes of the live object at addr, as far as they are in
// RAM, and leaves all of them zero.
func (h *Heap) Wipe(addr, n uintptr) {
	if o := h.lookup(addr); o != nil && o.full {
		raw.Clear(addr, n)
		return
	}
	h.space.Wipe(addr, n)
}
