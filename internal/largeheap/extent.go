// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// obtain makes a new extent and settles an object of shape w in it. The extent is a
// mapping, or, when mappings are many, a run of a shared chunk.
func (h *Heap) obtain(w *shape) (*object, error) {
	if !h.carving.Load() { // a chunk may have dirty pages, which are charged already
		if err := h.space.Fits(w.total); err != nil {
			return nil, err
		}
	}
	o, err := h.newObject()
	if err != nil {
		return nil, err
	}
	o.colour = colourOf(h.colours.Add(1))
	carved := areMany(vm.Mappings(), &h.options) && h.carve(o, w) == nil
	if !carved {
		err = h.mapExtent(o, w)
		if errors.Is(err, vm.ErrOutOfMemory) && h.carving.Load() && h.carve(o, w) == nil {
			err = nil
		}
	}
	if err != nil {
		h.freeObject(o)
		return nil, err
	}
	if err := h.settle(o, w, w.place(o.start, o.total(), o.colour)); err != nil {
		h.giveBack(o)
		return nil, err
	}
	h.mu.Lock()
	h.enlist(o)
	h.mu.Unlock()
	s := h.local()
	s.mu.Lock()
	s.live.add(o)
	s.requested += int64(w.size)
	s.slack += int64(o.slack())
	if o.carved() {
		s.carved.add(o)
	}
	s.publish(h)
	s.mu.Unlock()
	h.cooldown()
	return o, nil
}

// mapExtent gives o a mapping of its own for an object of shape w.
//
// An object whose alignment exceeds the page begins with the second page of its
// extent, and its header is at the end of the first.
func (h *Heap) mapExtent(o *object, w *shape) error {
	page := vm.PageSize()
	ahead := uintptr(0) // bytes of the mapping in front of the extent
	if w.align > page {
		ahead = w.align - page
	}
	align := w.align
	if ahead == 0 && h.fitsHuge(w.total) {
		align = h.huge
	}
	start, m, err := h.space.Map(ahead+w.total, align)
	if err != nil {
		return err
	}
	h.space.Label(m, "ashlar large")
	o.mapping, o.start, o.end = m, start+ahead, start+ahead+w.total
	o.pages = untouched
	o.Base = o.start + headerSize + pagemap.LargeBias
	return nil
}

// carve gives o a run of a shared chunk for an object of shape w.
func (h *Heap) carve(o *object, w *shape) error {
	total := raw.AlignUp(w.total, sizeclass.PageSize)
	if w.align > startAlign() {
		total = raw.AlignUp(w.align+w.size, max(vm.PageSize(), sizeclass.PageSize)) // wherever the run begins
	}
	n := total / sizeclass.PageSize
	if n > pageheap.MaxRun {
		return vm.ErrOutOfMemory
	}
	h.carving.Store(true) // before the call, because a call that fails may have mapped a chunk
	start, clean, err := h.chunks.Alloc(int(n))
	if err != nil {
		return err
	}
	raceannotate.Reshape()
	o.mapping, o.start, o.end = vm.Mapping{}, start, start+total
	o.pages = stale
	if clean {
		o.pages = untouched
	}
	o.Base = o.start + headerSize + pagemap.LargeBias
	return nil
}

// giveBack returns an extent in which obtain could settle no object. A mapping that
// the kernel refuses to unmap is retained.
func (h *Heap) giveBack(o *object) {
	if o.carved() {
		h.chunks.Free(o.start, int(o.total()/sizeclass.PageSize))
		h.freeObject(o)
		return
	}
	if h.space.Release(o.mapping) == nil {
		h.freeObject(o)
		return
	}
	h.mu.Lock()
	h.enlist(o)
	h.mu.Unlock()
	o.stamp = overdue
	s := &h.cold
	s.mu.Lock()
	s.slack += int64(o.slack())
	s.clean.add(o)
	s.put(h, o)
	s.mu.Unlock()
}

// enlist adds o to the list of all extents. The caller holds h.mu.
func (h *Heap) enlist(o *object) {
	o.all = links{next: h.all}
	if h.all != 0 {
		objectAt(h.all).all.prev = o.addr()
	}
	h.all = o.addr()
}

// unlist removes o from the list of all extents. The caller holds h.mu.
func (h *Heap) unlist(o *object) {
	if o.all.prev != 0 {
		objectAt(o.all.prev).all.next = o.all.next
	} else {
		h.all = o.all.next
	}
	if o.all.next != 0 {
		objectAt(o.all.next).all.prev = o.all.prev
	}
}
