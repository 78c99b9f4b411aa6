// SPDX-License-Identifier: Apache-2.0

package pageheap

// A refusedRun is a run that its caller has freed. The caller had purged a part of it, and the
// kernel refused to purge the rest. It stays busy until a later Purge succeeds: as dirty pages it
// would have to be charged whole, which the limit may not allow.
type refusedRun struct {
	addr   uintptr
	pages  int
	purged int64 // bytes
}

func (r *refusedRun) charged() int64 { return int64(r.pages)*pageSize - r.purged }

// FreePurged is Free for a run of which purged bytes were given back to the kernel, and refunded
// to the space, while it was allocated. It purges the rest, too, so that the whole run is clean.
func (h *Heap) FreePurged(addr uintptr, n int, purged int64) {
	if purged == 0 {
		h.Free(addr, n)
		return
	}
	r := refusedRun{addr, n, purged}
	err := h.space.Purge(addr, uintptr(n)*pageSize, false)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
	case err != nil:
		h.refused = append(h.refused, r)
		h.waiting.Store(true)
	default:
		h.freeClean(&r)
	}
}

// freeClean frees a run that is wholly purged. Call it with mu held.
func (h *Heap) freeClean(r *refusedRun) {
	c := chunkAt(h.chunks[h.search(r.addr)-1])
	first := int(r.addr-c.start) / pageSize
	h.free(c, first, first+r.pages)
	c.dirty.clear(first, first+r.pages)
	h.dirty.Add(-int64(r.pages))
	h.space.Refund(uintptr(r.charged()))
	h.check(c)
}

// purgeRefused tries again to purge the runs that the kernel refused. Call it with both locks
// held; it releases mu during the kernel call.
func (h *Heap) purgeRefused() (freed int64, err error) {
	for len(h.refused) > 0 {
		r := h.refused[0]
		h.mu.Unlock()
		err = h.space.Purge(r.addr, uintptr(r.pages)*pageSize, false)
		h.mu.Lock()
		if err != nil {
			return freed, err
		}
		h.refused = h.refused[1:]
		h.freeClean(&r)
		freed += r.charged()
	}
	h.refused = nil
	h.waiting.Store(false)
	return freed, nil
}
