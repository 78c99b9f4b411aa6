// SPDX-License-Identifier: Apache-2.0

package largeheap

import "github.com/ashlar-go/ashlar/internal/raw"

// zero zeroes n bytes at addr, which are o's, and so the caller's. If little of the extent
// is in RAM, zero does not bring the rest in. All of an extent that is in RAM stays there
// until the extent is purged, so zero asks the kernel once.
func (h *Heap) zero(o *object, addr, n uintptr) {
	if o.full {
		raw.Clear(addr, n)
		return
	}
	full := h.space.Clear(addr, n)
	o.full = full && n >= o.usable()/8*7
}

// Wipe overwrites those bytes of the claimed object that are in RAM. All its usable bytes
// are zero afterwards.
func (h *Heap) Wipe(d Descriptor) {
	o := objectAt(uintptr(d))
	if o.full {
		raw.Clear(o.user(), o.usable())
		return
	}
	h.space.Wipe(o.user(), o.usable())
}
