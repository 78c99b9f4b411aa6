package largeheap

import (
	"sync"

	"github.com/ashlar-go/ashlar/internal/percpu"
)

// maxShards bounds the number of shards of a heap.
const maxShards = 16

// A shard holds what one processor (or a few, on large machines) retains, so
// that a freed region is used again where its lines are still in the cache, and
// processors do not queue for a lock. The heap's cold pool is one more shard,
// which holds what was purged, for all.
type shard struct {
	mu sync.Mutex // guards all of it

	cache
	counts             // what was done by way of this shard
	transit   int      // regions taken out of the cache, retained still: being purged or unmapped
	published int64    // of cache.bytes, what the heap's sum counts
	_         [64]byte // keeps neighbours apart
}

// local returns the shard of the processor that runs the caller. It may be
// another's by the time it is used, which costs speed only.
func (h *Heap) local() *shard {
	id := percpu.Pin()
	percpu.Unpin(id)
	return &h.shards[id&(len(h.shards)-1)]
}

// publish brings the heap's sum of retained bytes up to date when the shard's
// part has changed by more than the heap's step, and returns the sum as this
// shard sees it. Steps keep processors from passing one cache line to and fro.
// Call it with s.mu held.
func (s *shard) publish(h *Heap) int64 {
	change := s.bytes - s.published
	if change > h.step || change < -h.step {
		s.published = s.bytes
		return h.retained.Add(change)
	}
	return h.retained.Load() + change
}

// put lists o, whose state is the caller's until now, as retained. It reports
// whether the heap is over its budget.
func (s *shard) put(h *Heap, o *object) (over bool) {
	o.set(Retained)
	if o.stamp == overdue {
		s.pushOldest(o)
	} else {
		s.push(o)
	}
	return s.publish(h) > h.budget
}

// popOldest removes the oldest region if it was freed at beat last or before,
// and makes it the caller's; nil if there is none. It counts as in transit.
func (s *shard) popOldest(h *Heap, last uint32) *object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oldest == 0 || objectAt(s.oldest).stamp > last {
		return nil
	}
	o := objectAt(s.oldest)
	s.remove(o)
	s.publish(h)
	s.transit++
	o.set(Releasing)
	return o
}

// caches returns the number of shards, the cold one included; cacheAt returns
// each, the cold one first, for what it holds is the oldest.
func (h *Heap) caches() int { return 1 + len(h.shards) }

func (h *Heap) cacheAt(i int) *shard {
	if i == 0 {
		return &h.cold
	}
	return &h.shards[i-1]
}
