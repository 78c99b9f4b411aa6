package largeheap

import "github.com/ashlar-go/ashlar/largeobj"

// retire retains the region of a freed object in s, or unmaps it.
func (h *Heap) retire(s *shard, o *object) {
	keep := h.options.Policy != largeobj.Unmap && int64(o.total()) <= h.budget
	if keep {
		o.stamp = h.beat.Load()
	}
	s.mu.Lock()
	s.live.drop(o)
	h.book(s, o, 0)
	s.dirty.add(o)
	if !keep {
		s.transit++
		s.mu.Unlock()
		_ = h.unmapOrKeep(s, o) // what the kernel refused is tried again by Purge
		return
	}
	over := s.put(h, o)
	s.mu.Unlock()
	if over {
		h.evict()
	}
}

// evict unmaps the oldest retained regions until the budget holds.
func (h *Heap) evict() {
	for {
		s, o := h.victim()
		if o == nil || h.unmapOrKeep(s, o) != nil {
			return
		}
	}
}

// victim returns the oldest retained region, as the caller's and in transit, and
// the shard it was in; nil if the budget holds.
func (h *Heap) victim() (*shard, *object) {
	var bytes int64
	var from *shard
	least := ^uint32(0)
	for i := range h.caches() {
		s := h.cacheAt(i)
		s.mu.Lock()
		bytes += s.bytes
		if s.oldest != 0 && objectAt(s.oldest).stamp < least {
			from, least = s, objectAt(s.oldest).stamp
		}
		s.mu.Unlock()
	}
	if bytes <= h.budget || from == nil {
		return nil, nil
	}
	return from, from.popOldest(h, least)
}
