// SPDX-License-Identifier: Apache-2.0

package largeheap

import "github.com/ashlar-go/ashlar/internal/vm"

// fitsHuge reports whether an extent of total bytes uses huge pages.
func (h *Heap) fitsHuge(total uintptr) bool { return h.huge > 0 && total >= h.huge }

// adviseHuge asks for huge pages for a charged extent. The kernel may refuse: small pages do as
// well. An extent in a longer mapping gets none, because the kernel would fill its neighbours.
func (h *Heap) adviseHuge(start, total uintptr, m vm.Mapping) {
	if h.fitsHuge(total) && m.Base == start && m.Size == total {
		_ = h.space.Advise(start, total, vm.HugePage)
	}
}

// adviseSmall undoes adviseHuge for an extent that is about to be purged. The kernel sees adjacent
// mappings with the same advice as one. So it would fill the purged one when a page of its
// neighbour is touched.
func (h *Heap) adviseSmall(o *object) error {
	if !h.fitsHuge(o.total()) || o.carved() {
		return nil
	}
	return h.space.Advise(o.start, o.total(), vm.NoHugePage)
}
