// SPDX-License-Identifier: Apache-2.0

package largeheap

import "github.com/ashlar-go/ashlar/internal/raw"

// Zero zeroes the first n bytes of the live object at addr, which is the caller's. If
// little of the extent is in RAM, Zero does not bring the rest in. All of an extent that
// is in RAM stays there until the extent is purged, so Zero asks the kernel once.
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

// Wipe overwrites those of the first n bytes of the live object at addr that are in RAM.
// All n bytes are zero afterwards.
func (h *Heap) Wipe(addr, n uintptr) {
	if o := h.lookup(addr); o != nil && o.full {
		raw.Clear(addr, n)
		return
	}
	h.space.Wipe(addr, n)
}
