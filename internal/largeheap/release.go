package largeheap

// arrive ends o's transit out of s by putting it where it belongs: back, or into
// the cold pool if it has been purged.
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

// purge gives the RAM of o, in transit from s, back to the kernel.
func (h *Heap) purge(s *shard, o *object) error {
	lazy := h.options.LazyPurge
	if err := h.space.Purge(o.start, o.total(), lazy); err != nil {
		return err
	}
	h.space.Refund(o.total())
	s.mu.Lock()
	s.dirty.drop(o)
	s.clean.add(o)
	s.mu.Unlock()
	o.pages = zeroed
	if lazy {
		o.pages = stale
	}
	return nil
}

// unmap gives o, in transit from s, back to the kernel. If that refuses, o is
// still in transit.
//
// The page map forgets it first: once it is unmapped the addresses may be
// anybody's. Who looks for it after a refusal finds it in the list of all.
func (h *Heap) unmap(s *shard, o *object) error {
	o.unregister()
	if err := h.space.Release(o.mapping); err != nil {
		return err
	}
	if o.pages == dirty {
		h.space.Refund(o.total())
	}
	s.mu.Lock()
	s.retained(o).drop(o)
	s.slack -= int64(o.slack())
	s.transit--
	s.mu.Unlock()
	h.mu.Lock()
	h.unlist(o)
	h.old.add(past{base: o.user(), size: o.requested, fate: unmapped})
	h.mu.Unlock()
	o.drop()
	return nil
}

// unmapOrKeep is unmap; what the kernel refuses is kept.
func (h *Heap) unmapOrKeep(s *shard, o *object) error {
	err := h.unmap(s, o)
	if err != nil {
		h.keep(s, o)
	}
	return err
}

// keep retains a region, in transit from s, that the kernel refused to unmap:
// purged, if it allows that at least, and overdue.
func (h *Heap) keep(s *shard, o *object) (bytes int64) {
	o.stamp = overdue
	if o.pages == dirty && h.purge(s, o) == nil {
		bytes = int64(o.total())
	}
	h.arrive(s, o)
	return bytes
}
