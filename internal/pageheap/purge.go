// SPDX-License-Identifier: Apache-2.0

package pageheap

// HasDirty reports whether Purge(true) would give RAM back.
func (h *Heap) HasDirty() bool { return h.dirty.Load() > 0 || h.waiting.Load() }

// Purge is the tick by which memory ages. It gives the RAM of pages that have been free
// since the last tick back to the kernel, and unmaps chunks that have no other pages. With
// all it takes every free page, however young. It returns the bytes that it gave back, and
// an error if the kernel refused some; a later Purge tries those again.
func (h *Heap) Purge(all bool) (freed int64, err error) {
	h.purger.Lock()
	defer h.purger.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	again, e := h.purgeRefused()
	freed, err = h.purge(all)
	freed += again
	if err == nil {
		err = e
	}
	if e := h.releaseEmpty(all); e != nil {
		err = e
	}
	return freed, err
}

// purge is Purge, without the unmapping. Call it with both locks held.
func (h *Heap) purge(all bool) (freed int64, err error) {
	joined := 0
	for i := 0; i < len(h.chunks); {
		c := chunkAt(h.chunks[i])
		refused := h.adapt(c, all, &joined)
		if all {
			c.aged = c.dirty
		}
		n, e := h.purgeChunk(c)
		freed += n
		for _, e := range []error{refused, e} {
			if e != nil {
				err = e
			}
		}
		c.aged = c.dirty
		h.check(c)
		i = h.search(c.start) // mu was released meanwhile: chunks may have been added
	}
	return freed, err
}

// purgeChunk purges the aged pages of c, run by run.
func (h *Heap) purgeChunk(c *chunk) (freed int64, err error) {
	if !c.huge {
		freed, err = h.purgeKept(c)
	}
	for at := 0; ; {
		first, end := c.aged.next(at, true)
		if first == chunkPages {
			return freed, err
		}
		at = end
		if first, end = h.whole(c, first, end); first >= end {
			continue
		}
		n, e := h.purgeRun(c, first, end)
		freed += n
		if e != nil {
			err = e
		}
	}
}

// purgeRun purges the pages [first, end) of c, all of them free. It releases mu during the
// kernel call. Until the call returns, the pages are neither free nor dirty, so that Alloc
// does not return pages that the kernel is about to wipe.
func (h *Heap) purgeRun(c *chunk, first, end int) (freed int64, err error) {
	n, was := end-first, c.dirty
	c.busy.set(first, end)
	c.dirty.clear(first, end)
	c.aged.clear(first, end)
	c.purging += n
	broken := c.broken
	h.check(c)
	h.mu.Unlock()
	err = h.giveBack(c.start+uintptr(first)*pageSize, uintptr(n)*pageSize, broken)
	h.mu.Lock()
	c.purging -= n
	c.busy.clear(first, end)
	c.bound = c.pages
	if err != nil {
		c.dirty.add(&was, first, end)
		c.dirtied = c.pages
		return 0, err
	}
	dirty := was.count(first, end)
	h.dirty.Add(-int64(dirty))
	h.space.Refund(uintptr(dirty) * pageSize)
	return int64(dirty) * pageSize, nil
}

// whole rounds the free pages [first, end) of c to whole kernel pages, which may be larger
// than heap pages. It rounds outwards where the neighbours are free as well, and otherwise
// inwards. Chunks are aligned to kernel pages.
func (h *Heap) whole(c *chunk, first, end int) (int, int) {
	per := h.grain(c)
	lower, upper := first/per*per, (end+per-1)/per*per
	if c.busy.count(lower, first) > 0 {
		lower += per
	}
	if c.busy.count(end, upper) > 0 {
		upper -= per
	}
	return lower, upper
}
