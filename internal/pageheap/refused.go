// SPDX-License-Identifier: Apache-2.0

package pageheap

import "github.com/ashlar-go/ashlar/internal/raw"

// A refusedRun is a run that its caller has freed. A part of it had been given back by PurgeInside,
// and the kernel refused to purge the rest. It stays busy until a later Purge succeeds: as dirty
// pages it would have to be charged whole, which the limit may not allow.
type refusedRun struct {
	addr  uintptr
	pages int
}

// Free takes back the run of n pages at addr, unless Close already has. If a part of the run was
// given back and refunded, Free purges the rest, too, so that the run is clean except for its ends
// that share a kernel page with a neighbour.
func (h *Heap) Free(addr uintptr, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	r := refusedRun{addr, n}
	c, first := h.locate(addr)
	size := uintptr(n) * pageSize
	c.kept.clear(addr-c.start, size)
	if c.lent.bytes(addr-c.start, size) == 0 {
		h.free(c, first, first+n)
		h.check(c)
		return
	}
	c.moving++
	broken := c.broken
	h.mu.Unlock()
	err := h.giveBackRun(&r, broken)
	h.mu.Lock()
	if h.closed {
		return
	}
	c.moving--
	if err == nil {
		h.freeClean(&r)
		return
	}
	h.refused = append(h.refused, r)
	h.waiting.Store(true)
}

// giveBackRun purges the whole kernel pages of a run. The kernel would purge the others whole, with
// what a neighbour has in them.
func (h *Heap) giveBackRun(r *refusedRun, broken bool) error {
	addr, size := h.inner(r)
	return h.giveBack(addr, size, broken)
}

// inner returns the kernel pages that lie wholly in a run. A run of which a part was given back has
// some, and that part lies in them.
func (h *Heap) inner(r *refusedRun) (addr, size uintptr) {
	page := uintptr(h.per) * pageSize
	addr = raw.AlignUp(r.addr, page)
	return addr, raw.AlignDown(r.addr+uintptr(r.pages)*pageSize, page) - addr
}

// freeClean frees a run whose whole kernel pages are purged. It returns the bytes that it refunds.
// Call it with mu held.
func (h *Heap) freeClean(r *refusedRun) (refunded int64) {
	addr, size := h.inner(r)
	c, first := h.locate(r.addr)
	at := addr - c.start
	refunded = int64(size) - c.lent.bytes(at, size)
	c.lent.clear(at, size)
	h.free(c, first, first+r.pages)
	from, n := int(at)/pageSize, int(size)/pageSize
	c.dirty.clear(from, from+n)
	h.dirty.Add(-int64(n))
	h.space.Refund(uintptr(refunded))
	h.check(c)
	return refunded
}

// chargedOf returns the bytes of a run that are charged. Call it with mu held.
func (h *Heap) chargedOf(r *refusedRun) int64 {
	c, size := h.chunkOf(r.addr), uintptr(r.pages)*pageSize
	return int64(size) - c.lent.bytes(r.addr-c.start, size)
}

// purgeRefused tries again to purge the runs that the kernel refused. Call it with both locks
// held; it releases mu during the kernel call.
func (h *Heap) purgeRefused() (freed int64, err error) {
	for len(h.refused) > 0 {
		r := h.refused[0]
		broken := h.chunkOf(r.addr).broken
		h.mu.Unlock()
		err = h.giveBackRun(&r, broken)
		h.mu.Lock()
		if err != nil {
			return freed, err
		}
		h.refused = h.refused[1:]
		freed += h.freeClean(&r)
	}
	h.refused = nil
	h.waiting.Store(false)
	return freed, nil
}
