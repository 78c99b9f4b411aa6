// SPDX-License-Identifier: Apache-2.0

package pageheap

import "github.com/ashlar-go/ashlar/internal/vm"

// A unitSet is a set of units of a chunk. A unit is as large as the smallest page of any kernel:
// the owner of a run gives back pages of the kernel's, which may be smaller than heap pages.
type unitSet [chunkBytes / unitBytes / 64]uint64

const unitBytes = 4096

func (s *unitSet) set(from, size uintptr)   { setBits(s[:], unit(from), unit(from+size)) }
func (s *unitSet) clear(from, size uintptr) { clearBits(s[:], unit(from), unit(from+size)) }

// bytes returns how many of the size bytes from offset from on are in the set.
func (s *unitSet) bytes(from, size uintptr) int64 {
	return int64(countBits(s[:], unit(from), unit(from+size))) * unitBytes
}

// next returns the first run of the set at or after offset from: its offset and its size, which
// is 0 if there is none.
func (s *unitSet) next(from uintptr) (first, size uintptr) {
	i := scanBits(s[:], unit(from), true)
	return uintptr(i) * unitBytes, uintptr(scanBits(s[:], i, false)-i) * unitBytes
}

func (s *unitSet) empty() bool { return *s == unitSet{} }

func unit(offset uintptr) int { return int(offset / unitBytes) }

// PurgeInside gives size bytes at addr back, whole pages of the kernel's that the owner of their
// run does not use, and refunds them. Before it uses them again, it calls UseInside. The contents
// of the pages are lost. In a chunk of huge pages they stay in RAM, and charged, until the chunk
// is sparse.
func (h *Heap) PurgeInside(addr, size uintptr) error {
	h.mu.Lock()
	c := h.chunkOf(addr)
	at := addr - c.start
	if c.huge {
		c.kept.set(at, size)
		h.mu.Unlock()
		return nil
	}
	c.moving++
	broken := c.broken
	h.mu.Unlock()
	err := h.giveBack(addr, size, broken)
	h.mu.Lock()
	defer h.mu.Unlock()
	c.moving--
	if err == nil {
		c.lent.set(at, size)
		h.space.Refund(size)
	}
	return err
}

// UseInside takes pages back that PurgeInside took, and charges those that were refunded. Page i
// of 1 << shift bytes, whose bit is set in pages, is at base + i << shift. If the limit does not
// allow the charge, UseInside takes none and returns the error.
func (h *Heap) UseInside(base uintptr, shift uint, pages uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.chunkOf(base)
	each := func(f func(at, size uintptr)) {
		for i := range uint(64) {
			if pages>>i&1 != 0 {
				f(base-c.start+uintptr(i)<<shift, 1<<shift)
			}
		}
	}
	lent := int64(0)
	each(func(at, size uintptr) { lent += c.lent.bytes(at, size) })
	if err := h.space.Charge(uintptr(lent)); err != nil {
		return err
	}
	each(func(at, size uintptr) {
		c.lent.clear(at, size)
		c.kept.clear(at, size)
	})
	return nil
}

// purgeKept gives the pages inside runs back that c kept while it used huge pages. It holds mu
// during the kernel's calls, because the owner of the run may use the pages again at any moment.
func (h *Heap) purgeKept(c *chunk) (freed int64, err error) {
	for at, size := c.kept.next(0); size > 0; at, size = c.kept.next(at + size) {
		if err = h.giveBack(c.start+at, size, c.broken); err != nil {
			return freed, err
		}
		c.kept.clear(at, size)
		c.lent.set(at, size)
		h.space.Refund(size)
		freed += int64(size)
	}
	return freed, nil
}

// giveBack purges a range. If a part of a huge page is purged, the kernel keeps its RAM until RAM
// is short. Asking for the pages lazily first makes it split the huge page; broken says that there
// may be some.
func (h *Heap) giveBack(addr, size uintptr, broken bool) error {
	if broken && vm.Able(vm.LazyPurging) {
		_ = h.space.Purge(addr, size, true) // only the next call counts
	}
	return h.space.Purge(addr, size, false)
}
