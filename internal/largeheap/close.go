package largeheap

// Close unmaps every region, live ones included. What the kernel refuses is
// purged and remembered, and the error returned: another Close tries it again.
// No other call may be under way, and none but Close and Stats may follow.
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
			o.pages = zeroed
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
	for i := range h.caches() {
		s := h.cacheAt(i)
		s.cache, s.counts, s.transit, s.published = cache{}, counts{}, 0, 0
	}
	h.retained.Store(0)
	h.cold.counts = left
	h.cold.transit = int(left.dirty.Objects + left.clean.Objects)
	if err := h.chunks.Close(); err != nil {
		failed = err
	}
	return failed
}

// lockAll takes all locks, in their order.
func (h *Heap) lockAll() {
	for i := range h.caches() {
		h.cacheAt(i).mu.Lock()
	}
	h.mu.Lock()
}

func (h *Heap) unlockAll() {
	h.mu.Unlock()
	for i := range h.caches() {
		h.cacheAt(i).mu.Unlock()
	}
}
