// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/percpu"
)

// maxShards bounds the number of shards of a heap.
const maxShards = 16

// A shard holds the extents that one processor retains (on large machines, a few
// processors). So a processor uses an extent again whose lines are still in its caches, and
// processors do not wait for each other's lock. The heap's cold shard holds the purged
// extents of all processors.
type shard struct {
	mu interleave.Mutex // guards all of it

	index
	counts          // changes made through this shard
	transit   int   // extents taken out of the index to be purged or unmapped
	published int64 // the part of index.bytes that the heap's sum counts

	publishedLive int64    // the part of live.Bytes that the heap's demand counts
	_             [64]byte // keeps neighbours apart
}

// local returns the shard of the processor that runs the caller. The caller may run on
// another processor when it uses the shard; that costs only speed.
func (h *Heap) local() *shard {
	id := percpu.Pin()
	percpu.Unpin(id)
	return &h.shards[id&(len(h.shards)-1)]
}

// publish returns the heap's sum of retained bytes as this shard sees it. It updates the sum
// and the heap's demand if the shard's part has changed by more than the heap's step.
// Otherwise every Free would write a cache line that all processors share. The caller holds
// s.mu.
func (s *shard) publish(h *Heap) int64 {
	step := h.currentStep()
	live, change := s.live.Bytes-s.publishedLive, s.bytes-s.published
	if uint64(live+step) > uint64(2*step) {
		s.publishedLive = s.live.Bytes
		h.demand.add(live, 0)
	}
	if uint64(change+step) <= uint64(2*step) {
		return h.retained.Load() + change
	}
	s.published = s.bytes
	if s != &h.cold {
		h.demand.add(0, change)
	}
	return h.retained.Add(change)
}

// currentStep returns by how many bytes a shard's numbers may differ from those that it
// published. All shards together may be off by an eighth of what the heap may retain.
func (h *Heap) currentStep() int64 {
	if !h.demand.bounded {
		return h.step
	}
	return min(h.step, (h.demand.peak.Load()+minWarm)/8>>h.shardBits)
}

// put lists o, which belonged to the caller, as retained. It reports whether the heap
// exceeds its budget. The caller holds s.mu.
func (s *shard) put(h *Heap, o *object) (over bool) {
	o.set(Retained)
	if o.stamp == overdue {
		s.pushOldest(o)
	} else {
		s.push(o)
	}
	return s.publish(h) > h.budget
}

// popOldest removes and returns the oldest extent if it was freed at tick last or earlier.
// Otherwise it returns nil. The extent is in transit and belongs to the caller.
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

// shardCount returns the number of shards, the cold one included. shardAt returns each
// of them: first the cold one, whose extents are the oldest.
func (h *Heap) shardCount() int { return 1 + len(h.shards) }

func (h *Heap) shardAt(i int) *shard {
	if i == 0 {
		return &h.cold
	}
	return &h.shards[i-1]
}
