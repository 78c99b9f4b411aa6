package largeheap

import (
	"math"

	"github.com/ashlar-go/ashlar/largeobj"
)

// Ages are counted in beats, calls of Purge(false), which the allocator makes
// every quarter of a second while anything is retained.
const (
	// purgeAge is the age at which a region is purged: half a second to three
	// quarters.
	purgeAge = 3
	// unmapAge is the age at which it is unmapped: ten seconds.
	unmapAge = 40

	// firstBeat is where counting begins. It is past all ages, so that stamp
	// overdue is old at any time.
	firstBeat = unmapAge + 1

	// overdue stamps a region that the kernel refused to take. It is tried again
	// at each beat, whatever the policy.
	overdue = 0
)

// Purge is the beat by which memory ages. Regions that were retained three
// beats ago are purged; forty beats after they were freed they are unmapped.
// With all, every retained region is unmapped, however young and whatever the
// policy. It returns the bytes of RAM given back, and what the kernel refused,
// if anything: that stays retained and is tried again at the next beat.
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

// Retained reports whether a later beat may find something to give back.
func (h *Heap) Retained() bool {
	if h.options.Policy == largeobj.Keep {
		for i := range h.caches() {
			if s := h.cacheAt(i); s.hasOverdue() {
				return true
			}
		}
		return false
	}
	for i := range h.caches() {
		s := h.cacheAt(i)
		s.mu.Lock()
		n := s.count + s.transit
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

// age purges and unmaps what is old enough. The first refusal ends it for each
// shard: the region goes back as the oldest, to be the first at the next beat.
func (h *Heap) age() (bytes int64, err error) {
	beat := h.beat.Add(1)
	purge, unmap := beat-purgeAge, beat-unmapAge
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

// cool purges o, in transit from s, and moves it to the cold pool; back to s if
// the kernel refuses.
func (h *Heap) cool(s *shard, o *object) (bytes int64, err error) {
	if err = h.purge(s, o); err == nil {
		bytes = int64(o.total())
	} else {
		o.stamp = overdue
	}
	h.arrive(s, o)
	return bytes, err
}

// trim unmaps all that is retained. What the kernel refuses is put back when
// everything else has gone.
func (h *Heap) trim() (bytes int64, err error) {
	for i := range h.caches() {
		s := h.cacheAt(i)
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
