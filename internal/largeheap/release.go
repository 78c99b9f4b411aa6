// SPDX-License-Identifier: Apache-2.0

package largeheap

// arrive ends the transit of o from s: it puts o back into s, or into the cold shard if
// o has been purged.
func (h *Heap) arrive(s *shard, o *object) {
	if o.pages != dirty && s != &h.cold {
		h.cold.mu.Lock()
		defer h.cold.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.transit--
	if o.pages != dirty {
		s = &h.cold
	}
	s.put(h, o)
}

// purge gives the RAM of o, which is in transit from s, back to the kernel.
func (h *Heap) purge(s *shard, o *object) error {
	lazy := h.options.LazyPurge
	if err := h.adviseSmall(o); err != nil {
		return err
	}
	if err := h.space.Purge(o.start, o.total(), lazy); err != nil {
		return err
	}
	h.space.Refund(o.total())
	s.mu.Lock()
	s.dirty.remove(o)
	s.clean.add(o)
	s.mu.Unlock()
	o.pages = untouched
	if lazy {
		o.pages = stale
	}
	return nil
}

// unmap unmaps o, which is in transit from s. If the kernel refuses, o is still in
// transit.
//
// unmap removes o from the page map first, because any thread can map the addresses as soon
// as they are unmapped. After a refusal, Report finds o in the list of all extents.
func (h *Heap) unmap(s *shard, o *object) error {
	o.unregister()
	if err := h.space.Release(o.mapping); err != nil {
		return err
	}
	if o.pages == dirty {
		h.space.Refund(o.total())
	}
	s.mu.Lock()
	s.retained(o).remove(o)
	s.slack -= int64(o.slack())
	s.transit--
	s.mu.Unlock()
	h.mu.Lock()
	h.unlist(o)
	h.old.add(past{base: o.user(), size: o.requested, fate: unmapped})
	h.mu.Unlock()
	h.freeObject(o)
	return nil
}

// unmapOrKeep unmaps o, or keeps it if the kernel refuses.
func (h *Heap) unmapOrKeep(s *shard, o *object) error {
	err := h.unmap(s, o)
	if err != nil {
		h.keep(s, o)
	}
	return err
}

// keep retains o, which is in transit from s and which the kernel refused to unmap. It
// is overdue. keep purges it, unless the kernel refuses that too.
func (h *Heap) keep(s *shard, o *object) (bytes int64) {
	o.stamp = overdue
	if o.pages == dirty && h.purge(s, o) == nil {
		bytes = int64(o.total())
	}
	h.arrive(s, o)
	return bytes
}
