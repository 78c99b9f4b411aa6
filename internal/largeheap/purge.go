// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math"

	"github.com/ashlar-go/ashlar/largeobj"
)

// Ages are counted in ticks. A tick is a call of Purge(false), which the allocator makes
// every quarter of a second while anything is retained.
const (
	// purgeAge is the age at which an extent is purged: half a second to three
	// quarters.
	purgeAge = 3
	// unmapAge is the age at which an extent is unmapped: ten seconds.
	unmapAge = 40

	// firstTick is the number of the first tick. It exceeds all ages, so that the
	// stamp overdue is old at any time.
	firstTick = unmapAge + 1

	// overdue is the stamp of an extent that the kernel refused to unmap or to purge.
	// Each tick tries again, under every policy.
	overdue = 0
)

// Purge makes retained extents older by one tick. It purges those that were freed three
// ticks ago and unmaps those that were freed forty ticks ago. If all is set, Purge
// unmaps every retained extent, whatever its age and the policy.
//
// It returns the bytes of RAM given back, and an error if the kernel refused a call. An
// extent that the kernel refused stays retained, and the next tick tries again.
func (h *Heap) Purge(all bool) (bytes int64, err error) {
	if all {
		bytes, err = h.trim()
	} else {
		bytes, err = h.age()
	}
	if h.carving.Load() && (all || h.options.Policy != largeobj.Keep) {
		n, e := h.chunks.Purge(all)
		bytes += n
		if err == nil {
			err = e
		}
	}
	h.check()
	return bytes, err
}

// HasPurgeable reports whether a later tick may give something back.
func (h *Heap) HasPurgeable() bool {
	if h.options.Policy == largeobj.Keep {
		for i := range h.shardCount() {
			if s := h.shardAt(i); s.hasOverdue() {
				return true
			}
		}
		return false
	}
	for i := range h.shardCount() {
		s := h.shardAt(i)
		s.mu.Lock()
		n := s.count.Load() + int64(s.transit)
		s.mu.Unlock()
		if n > 0 {
			return true
		}
	}
	return h.carving.Load() && h.chunks.Stats().Dirty > 0
}

func (s *shard) hasOverdue() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oldest != 0 && objectAt(s.oldest).stamp == overdue
}

// age purges and unmaps the extents that are old enough. For each shard it ends at the first
// refusal. It puts the refused extent back as the oldest, and the next tick begins with it.
func (h *Heap) age() (bytes int64, err error) {
	h.demand.forget()
	bytes = h.cooldown()
	tick := h.tick.Add(1)
	purge, unmap := tick-purgeAge, tick-unmapAge
	if h.options.Policy == largeobj.Keep {
		purge, unmap = overdue, overdue
	}
	for i := range h.shards {
		s := &h.shards[i]
		for o := s.popOldest(h, purge); o != nil; o = s.popOldest(h, purge) {
			n, e := h.cool(s, o)
			bytes += n
			if e != nil {
				err = e
				break
			}
		}
	}
	for o := h.cold.popOldest(h, unmap); o != nil; o = h.cold.popOldest(h, unmap) {
		if e := h.unmapOrKeep(&h.cold, o); e != nil {
			return bytes, e
		}
	}
	return bytes, err
}

// cool purges o, which is in transit from s, and puts it into the cold shard. If the kernel
// refuses, cool puts o back into s.
func (h *Heap) cool(s *shard, o *object) (bytes int64, err error) {
	if err = h.purge(s, o); err == nil {
		bytes = int64(o.total())
	} else {
		o.stamp = overdue
	}
	h.arrive(s, o)
	return bytes, err
}

// trim unmaps every retained extent. At the end it puts the extents back that the kernel
// refused.
func (h *Heap) trim() (bytes int64, err error) {
	for i := range h.shardCount() {
		s := h.shardAt(i)
		if s.count.Load() == 0 {
			continue
		}
		var refused []*object
		for o := s.popOldest(h, math.MaxUint32); o != nil; o = s.popOldest(h, math.MaxUint32) {
			n := int64(0)
			if o.pages == dirty {
				n = int64(o.total())
			}
			if e := h.unmap(s, o); e != nil {
				err = e
				refused = append(refused, o)
				continue
			}
			bytes += n
		}
		for _, o := range refused {
			bytes += h.keep(s, o)
		}
	}
	return bytes, err
}
