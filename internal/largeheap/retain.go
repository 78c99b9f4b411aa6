// SPDX-License-Identifier: Apache-2.0

package largeheap

import "github.com/ashlar-go/ashlar/largeobj"

// retain puts the extent of a freed object into s, or unmaps it if the policy or the
// budget says so.
func (h *Heap) retain(s *shard, o *object) {
	keep := h.options.Policy != largeobj.Unmap && int64(o.total()) <= h.budget
	if keep {
		o.stamp = h.tick.Load()
	}
	s.mu.Lock()
	s.live.remove(o)
	h.account(s, o, 0)
	h.demand.loosen(o, 0)
	s.dirty.add(o)
	if !keep {
		s.transit++
		s.publish(h)
		s.mu.Unlock()
		_ = h.unmapOrKeep(s, o) // Purge tries again what the kernel refused
		return
	}
	over := s.put(h, o)
	s.mu.Unlock()
	if over {
		h.evict()
	}
	h.cooldown()
}

// evict unmaps the oldest retained extents until the budget holds.
func (h *Heap) evict() {
	for {
		s, o := h.victim()
		if o == nil || h.unmapOrKeep(s, o) != nil {
			return
		}
	}
}

// victim takes the oldest retained extent out of its shard and returns both, or nil if
// the budget holds. The extent is in transit and belongs to the caller.
func (h *Heap) victim() (*shard, *object) {
	var bytes int64
	var from *shard
	oldest := ^uint32(0)
	for i := range h.shardCount() {
		s := h.shardAt(i)
		s.mu.Lock()
		bytes += s.bytes
		if s.oldest != 0 && objectAt(s.oldest).stamp < oldest {
			from, oldest = s, objectAt(s.oldest).stamp
		}
		s.mu.Unlock()
	}
	if bytes <= h.budget || from == nil {
		return nil, nil
	}
	return from, from.popOldest(h, oldest)
}
