// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Stats are the numbers of a heap at one moment. Bytes count whole extents, unless a comment
// says otherwise. The package documentation has the equations.
type Stats struct {
	Live      Tally // extents that hold objects, live or in a large-object cache
	Carved    Tally // the part of Live in shared chunks
	Dirty     Tally // retained extents that may occupy RAM
	Clean     Tally // retained extents that were purged
	Requested int64 // requested bytes of the objects in Live
	Slack     int64 // bytes of mappings outside extents, due to large alignments

	Chunks pageheap.Stats // the shared chunks; its Used = Carved.Bytes
}

// Footprint returns the bytes that are charged to the space.
func (s Stats) Footprint() int64 {
	return s.Live.Bytes + s.Dirty.Bytes + s.Chunks.Dirty
}

// Mapped returns the bytes of address space that the heap has mapped.
func (s Stats) Mapped() int64 {
	return s.Live.Bytes - s.Carved.Bytes + s.Dirty.Bytes + s.Clean.Bytes + s.Slack +
		s.Chunks.Mapped + s.Chunks.Unused
}

// Mappings returns the number of mappings that the heap has.
func (s Stats) Mappings() int64 {
	return s.Live.Objects - s.Carved.Objects + s.Dirty.Objects + s.Clean.Objects + int64(s.Chunks.Chunks)
}

// Stats returns the heap's numbers. It holds all locks for a moment.
func (h *Heap) Stats() Stats {
	h.lockAll()
	c := h.sum()
	h.unlockAll()
	return Stats{
		Live: c.live, Carved: c.carved, Dirty: c.dirty, Clean: c.clean,
		Requested: c.requested + h.unaccounted.Load(), Slack: c.slack, Chunks: h.chunks.Stats(),
	}
}

// Mappings calls yield with the mapping of each extent that has its own, and of each
// shared chunk. Calls that make an extent wait meanwhile.
func (h *Heap) Mappings(yield func(vm.Mapping)) {
	h.mu.Lock()
	for at := h.all; at != 0; at = objectAt(at).all.next {
		if o := objectAt(at); !o.carved() {
			yield(o.mapping)
		}
	}
	h.mu.Unlock()
	h.chunks.Mappings(yield)
}

// Layouts calls yield with the layout of each shared chunk, until it returns false.
func (h *Heap) Layouts(yield func(*pageheap.Layout) bool) { h.chunks.Layouts(yield) }

// sum returns the sum of the shards' counts. The caller holds all locks.
func (h *Heap) sum() counts {
	var c counts
	for i := range h.shardCount() {
		c.add(&h.shardAt(i).counts)
	}
	return c
}

// A Tally is a number of extents and the sum of their lengths in bytes.
type Tally struct{ Objects, Bytes int64 }

func (t *Tally) add(o *object) { t.Objects++; t.Bytes += int64(o.total()) }

func (t *Tally) remove(o *object) { t.Objects--; t.Bytes -= int64(o.total()) }

// counts are sums over extents. A shard's counts add up the changes made through that shard,
// and can be negative. Only the sums over all shards are meaningful.
type counts struct {
	live      Tally
	carved    Tally // the part of live in shared chunks
	dirty     Tally // retained or in transit, charged to the space
	clean     Tally // retained or in transit, not charged
	requested int64 // Σ accounted over live
	slack     int64 // bytes of mappings outside extents
}

// retained returns the Tally that counts a retained o.
func (c *counts) retained(o *object) *Tally {
	if o.pages == dirty {
		return &c.dirty
	}
	return &c.clean
}

func (c *counts) add(d *counts) {
	for _, p := range [...]struct{ to, from *Tally }{
		{&c.live, &d.live}, {&c.carved, &d.carved}, {&c.dirty, &d.dirty}, {&c.clean, &d.clean},
	} {
		p.to.Objects += p.from.Objects
		p.to.Bytes += p.from.Bytes
	}
	c.requested += d.requested
	c.slack += d.slack
}
