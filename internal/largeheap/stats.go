package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Stats are a heap's numbers at one moment. Bytes are of whole regions unless
// they say otherwise. The package documentation has the equations.
type Stats struct {
	Live      Tally // regions that hold objects
	Carved    Tally // of Live: those in shared chunks
	Dirty     Tally // freed regions that may occupy RAM
	Clean     Tally // freed regions that were purged
	Requested int64 // bytes of live objects
	Slack     int64 // bytes of address space around regions, left by large alignments

	Chunks pageheap.Stats // the shared chunks; its Used = Carved.Bytes
}

// Footprint returns the bytes charged to the space.
func (s Stats) Footprint() int64 {
	return s.Live.Bytes + s.Dirty.Bytes + s.Chunks.Dirty
}

// Mapped returns the bytes of address space held.
func (s Stats) Mapped() int64 {
	return s.Live.Bytes - s.Carved.Bytes + s.Dirty.Bytes + s.Clean.Bytes + s.Slack +
		s.Chunks.Mapped + s.Chunks.Unused
}

// Mappings returns how many mappings are held.
func (s Stats) Mappings() int64 {
	return s.Live.Objects - s.Carved.Objects + s.Dirty.Objects + s.Clean.Objects + int64(s.Chunks.Chunks)
}

// Stats returns the heap's numbers. It holds each lock for a moment.
func (h *Heap) Stats() Stats {
	h.lockAll()
	c := h.sum()
	h.unlockAll()
	return Stats{
		Live: c.live, Carved: c.carved, Dirty: c.dirty, Clean: c.clean,
		Requested: c.requested + h.asked.Load(), Slack: c.slack, Chunks: h.chunks.Stats(),
	}
}

// Mappings calls yield with the mapping of each region that has one of its own, and
// of each shared chunk. New regions wait meanwhile.
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

// sum adds up the shards' counts. Call it with all locks held.
func (h *Heap) sum() counts {
	var c counts
	for i := range h.caches() {
		c.add(&h.cacheAt(i).counts)
	}
	return c
}

// A Tally counts regions and their bytes.
type Tally struct{ Objects, Bytes int64 }

func (t *Tally) add(o *object) { t.Objects++; t.Bytes += int64(o.total()) }

func (t *Tally) drop(o *object) { t.Objects--; t.Bytes -= int64(o.total()) }

// counts are sums over regions. A shard's are of what was done by way of it, so
// single ones may be negative; only sums over all shards mean something.
type counts struct {
	live      Tally
	carved    Tally // of live, those in shared chunks
	dirty     Tally // retained or in transit, charged
	clean     Tally // retained or in transit, not charged
	requested int64 // bytes of live objects
	slack     int64 // bytes of mappings around regions
}

// retained returns the Tally for a retained o.
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
