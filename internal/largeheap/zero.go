// SPDX-License-Identifier: Apache-2.0

package largeheap

import "github.com/ashlar-go/ashlar/internal/raw"

// zero zeroes n bytes of o at addr. o belongs to the caller. If only a small part of the
// extent is in RAM, zero does not bring the rest in. Once all pages of an extent are in RAM
// they stay there until the extent is purged, so zero then need not ask the kernel again.
func (h *Heap) zero(o *object, addr, n uintptr) {
	if o.full {
		raw.Clear(addr, n)
		return
	}
	full := h.space.Clear(addr, n)
	o.full = full && n >= o.usable()/8*7
}

// Wipe zeroes all usable bytes of the claimed object. It overwrites only bytes that are in
// RAM.
func (h *Heap) Wipe(d Descriptor) {
	o := objectAt(uintptr(d))
	if o.full {
		raw.Clear(o.user(), o.usable())
		return
	}
	h.space.Wipe(o.user(), o.usable())
}
