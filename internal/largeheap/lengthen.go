// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// maxLengthen bounds by what factor reuseShorter lengthens an extent. A short extent would
// save few of the object's page faults, and is worth more to a request of its own length.
const maxLengthen = 4

// reuseShorter takes a dirty extent that is too short for shape w, lengthens it and settles an
// object of that shape in it. Moving a page costs a hundredth of a page fault, so only the
// added pages cost anything. Only the first written bytes of the object may be nonzero. It
// returns nil if there is no such extent, or if the extent cannot be lengthened.
func (h *Heap) reuseShorter(w *shape) (o *object, written uintptr) {
	if !vm.Able(vm.Moving) || w.align > startAlign() || h.fitsHuge(w.total) {
		return nil, 0
	}
	own := h.local()
	if o, written = h.reuseShorterFrom(own, w); o != nil {
		return o, written
	}
	for i := range h.shards {
		if s := &h.shards[i]; s != own && s.count.Load() != 0 {
			if o, written = h.reuseShorterFrom(s, w); o != nil {
				return o, written
			}
		}
	}
	return nil, 0
}

// reuseShorterFrom does what reuseShorter does, from s only.
func (h *Heap) reuseShorterFrom(s *shard, w *shape) (o *object, written uintptr) {
	s.mu.Lock()
	if o = s.takeShorter(w.total); o == nil {
		s.mu.Unlock()
		return nil, 0
	}
	s.transit++
	s.publish(h)
	o.set(Releasing) // it belongs to this call
	s.mu.Unlock()
	old := o.total()
	if !h.lengthen(s, o, w) {
		h.arrive(s, o)
		return nil, 0
	}
	return o, min(w.size, old-(o.user()-o.start))
}

// takeShorter removes and returns one of the longest extents of less than need bytes, or
// nil if all of them are much shorter. An extent whose mapping is longer than the extent cannot be lengthened.
func (x *index) takeShorter(need uintptr) *object {
	if x.count.Load() == 0 {
		return nil
	}
	minTotal := need / maxLengthen
	for b := binOf(need); b >= binOf(minTotal); b-- {
		if x.occupied[b/64]>>(b%64)&1 == 0 {
			continue
		}
		at := x.bins[b]
		for i := 0; at != 0 && i < maxProbes; i++ {
			o := objectAt(at)
			if n := o.total(); n >= minTotal && n < need && o.mapping.Size == n {
				x.remove(o)
				return o
			}
			at = o.bin.next
		}
	}
	return nil
}

// lengthen makes the extent of o, which is in transit from s, as long as shape w needs, and
// settles an object of that shape in it. It reports whether it has. Otherwise o is unchanged.
//
// lengthen removes o from the page map first, because any thread can map the old addresses as
// soon as the extent has moved.
func (h *Heap) lengthen(s *shard, o *object, w *shape) bool {
	more := w.total - o.total()
	if h.space.Acquire(more) != nil {
		return false
	}
	room, err := pagemap.Prepare()
	if err != nil {
		h.space.Drop(more)
		return false
	}
	page := o.page
	o.unregister()
	m, err := h.space.Remap(o.mapping, w.total)
	if err != nil {
		room.Drop()
		h.space.Drop(more)
		_ = o.register(page) // cannot fail: it was registered there
		return false
	}
	h.space.Confirm(more)
	user := w.place(m.Base, w.total, o.colour)
	room.Redeem(user)
	s.mu.Lock()
	s.transit--
	s.dirty.remove(o)
	h.relocate(o, m)
	s.live.add(o)
	s.requested += int64(w.size)
	s.publish(h)
	s.mu.Unlock()
	_ = h.settle(o, w, user) // cannot fail: there is room
	h.cooldown()
	return true
}

// relocate notes that the extent of the freed object o is the mapping m now.
func (h *Heap) relocate(o *object, m vm.Mapping) {
	moved := m.Base != o.start
	if moved {
		o.renew()
	}
	o.full = false
	h.mu.Lock()
	defer h.mu.Unlock()
	if moved {
		h.old.add(past{base: o.user(), size: o.requested, fate: unmapped})
	}
	o.Base += m.Base - o.start
	o.start, o.end, o.mapping = m.Base, m.Base+m.Size, m
}
