// SPDX-License-Identifier: Apache-2.0

package largeheap

import "github.com/ashlar-go/ashlar/internal/metadata"

// Close unmaps every extent, those of live objects included. If the kernel refuses
// one, Close purges it, remembers it, and returns the error: another Close tries again.
// No other call may be under way, and only Close and Stats may follow.
func (h *Heap) Close() error {
	h.lockAll()
	defer h.unlockAll()
	var failed error
	var left counts
	next := h.all
	h.all = 0
	for next != 0 {
		o := objectAt(next)
		next = o.all.next
		o.unregister()
		if o.carved() {
			o.drop()
			continue
		}
		err := h.space.Release(o.mapping)
		if o.pages == dirty && (err == nil || h.space.Purge(o.start, o.total(), false) == nil) {
			h.space.Refund(o.total())
			o.pages = untouched
		}
		if err != nil {
			failed = err
			o.set(Releasing)
			left.retained(o).add(o)
			left.slack += int64(o.slack())
			h.enlist(o)
			continue
		}
		o.drop()
	}
	for h.spare != 0 {
		at := h.spare
		h.spare = objectAt(at).all.next
		metadata.Free(at, objectSize)
	}
	for i := range h.shardCount() {
		s := h.shardAt(i)
		s.index, s.counts, s.transit, s.published, s.publishedLive = index{}, counts{}, 0, 0, 0
	}
	h.retained.Store(0)
	h.demand.live.Store(0)
	h.demand.dirty.Store(0)
	h.demand.loose.Store(0)
	h.cold.counts = left
	h.cold.transit = int(left.dirty.Objects + left.clean.Objects)
	if err := h.chunks.Close(); err != nil {
		failed = err
	}
	return failed
}

// lockAll acquires all locks, in their order.
func (h *Heap) lockAll() {
	for i := range h.shardCount() {
		h.shardAt(i).mu.Lock()
	}
	h.mu.Lock()
}

func (h *Heap) unlockAll() {
	h.mu.Unlock()
	for i := range h.shardCount() {
		h.shardAt(i).mu.Unlock()
	}
}
