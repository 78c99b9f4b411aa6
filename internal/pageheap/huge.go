// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// Huge says when chunks use huge pages.
type Huge uint8

// The values of Huge.
const (
	HugeOff   Huge = iota // never
	HugeDense             // while they are dense, from some time on, or from the start if the heap is dense
	HugeAll               // from the start, while they are not sparse
)

// The waste of a chunk is what huge pages cost beyond what is in use, in its touched blocks. The
// thresholds lie apart, so that a chunk does not go to and fro.
const (
	denseShift  = 5  // a chunk is dense if its waste is at most a 32nd of its touched blocks
	sparseShift = 4  // it is sparse if its waste exceeds a 16th, and a whole block
	joinTicks   = 16 // a chunk that was dense for as many ticks gets huge pages
	breakTicks  = 8  // one that was sparse for as many loses them

	growChunks = 2  // a new chunk gets huge pages if there are as many, and they are dense
	growLooks  = 64 // it depends on so many of them, at most

	joinBytes = 64 << 20 // chunks get huge pages until so many bytes of them did so in a tick
)

// UseHuge sets when chunks use huge pages. It must be called before the heap is used. It has no
// effect if the kernel has no huge pages of which several fit in a chunk.
func (h *Heap) UseHuge(u Huge) {
	size := vm.TransparentSize()
	if size <= pageSize || size > chunkBytes/2 || size&(size-1) != 0 {
		return
	}
	h.huge, h.block = u, int(size/pageSize)
}

// blockAt returns the pages of the block that page lies in.
func (h *Heap) blockAt(page int) (first, end int) {
	first = page &^ (h.block - 1)
	return first, first + h.block
}

// touched reports whether a page of the block that begins at page first is not clean.
func (h *Heap) touched(c *chunk, first int) bool {
	return c.busy.count(first, first+h.block)+c.dirty.count(first, first+h.block) > 0
}

// waste returns the bytes in the touched blocks of c, and how many of them are not in use.
func (h *Heap) waste(c *chunk) (touched, waste int64) {
	for first := 0; first < c.pages; first += h.block {
		if h.touched(c, first) {
			touched += int64(h.block) * pageSize
		}
	}
	idle := c.lent.bytes(0, chunkBytes) + c.kept.bytes(0, chunkBytes)
	return touched, touched - int64(c.used)*pageSize + idle
}

// startsHuge reports whether a new chunk uses huge pages from the start.
func (h *Heap) startsHuge() bool {
	if h.huge != HugeDense || len(h.chunks) < growChunks {
		return h.huge == HugeAll
	}
	var touched, waste int64
	for _, at := range h.chunks[max(0, len(h.chunks)-growLooks):] {
		t, w := h.waste(chunkAt(at))
		touched, waste = touched+t, waste+w
	}
	return waste <= touched>>denseShift
}

// unsuited reports whether c should change to the other size of pages.
func (h *Heap) unsuited(c *chunk) bool {
	if h.huge == HugeOff {
		return false
	}
	touched, waste := h.waste(c)
	switch {
	case c.huge:
		return waste > touched>>sparseShift+int64(h.block)*pageSize
	case touched == 0:
		return h.huge == HugeAll
	}
	return waste <= touched>>denseShift
}

// adapt is the tick of a chunk's size of pages. joined counts the bytes of the chunks that get huge
// pages in one tick, and bounds them, because the kernel copies them. With all, every chunk that is not dense
// loses its huge pages, so that its unused pages can go. Call adapt with both locks held; it
// releases mu during the kernel's calls.
func (h *Heap) adapt(c *chunk, all bool, joined *int) error {
	if all && c.huge {
		if touched, waste := h.waste(c); waste > touched>>denseShift {
			return h.breakUp(c)
		}
		return nil
	}
	if !h.unsuited(c) {
		c.ripe = 0
		return nil
	}
	if all { // to get huge pages takes memory: that is for a tick
		return nil
	}
	c.ripe++
	switch {
	case c.huge && c.ripe >= breakTicks:
		return h.breakUp(c)
	case !c.huge && c.used == 0:
		h.join(c)
	case !c.huge && c.ripe >= joinTicks && *joined < joinBytes:
		*joined += c.pages * pageSize
		h.join(c)
	}
	return nil
}

// breakUp makes c use small pages. What its spans gave back follows at once, by purgeKept.
func (h *Heap) breakUp(c *chunk) error {
	c.ripe = 0
	if err := h.space.Advise(c.start, uintptr(c.pages)*pageSize, vm.NoHugePage); err != nil {
		return err
	}
	c.huge, c.broken = false, true
	return nil
}

// join makes c use huge pages. The kernel may fill each touched block from then on, so they are
// charged whole first. If the limit does not allow that, or somebody is purging pages of c, join
// does nothing: a later tick tries again.
func (h *Heap) join(c *chunk) {
	c.ripe = 0
	if c.moving > 0 || len(h.refused) > 0 {
		return
	}
	clean, lent := h.cleanBeside(c, 0, c.pages), c.lent.bytes(0, chunkBytes)
	if h.space.Charge(uintptr(clean)*pageSize+uintptr(lent)) != nil {
		return
	}
	h.dirtyBeside(c, 0, c.pages)
	h.dirty.Add(int64(clean))
	for i := range c.lent {
		c.kept[i] |= c.lent[i]
	}
	c.lent = unitSet{}
	if h.adviseHuge(c) {
		h.collapse(c)
	}
	h.check(c)
}

// adviseHuge advises the kernel to use huge pages for c. If the kernel refuses, the heap stops
// asking.
func (h *Heap) adviseHuge(c *chunk) bool {
	if err := h.space.Advise(c.start, uintptr(c.pages)*pageSize, vm.HugePage); err != nil {
		h.huge, h.refusal = HugeOff, err
		return false
	}
	c.huge = true
	return true
}

// collapse asks the kernel to copy each touched block of c to a huge page now. Where it refuses one,
// for example because no huge page is free, its own daemon (khugepaged) may do so later. Blocks are
// asked for one by one: a call for several fails if one of them does, and does not say which.
// collapse releases mu during the calls.
func (h *Heap) collapse(c *chunk) {
	size := uintptr(h.block) * pageSize
	for first := 0; first < c.pages; first += h.block {
		if !h.touched(c, first) {
			continue
		}
		h.mu.Unlock()
		err := h.space.Collapse(c.start+uintptr(first)*pageSize, size)
		h.mu.Lock()
		if err == nil {
			h.collapsed += int64(size)
		}
	}
}

// cleanBeside returns the number of clean pages in the touched blocks among the pages [from, to).
func (h *Heap) cleanBeside(c *chunk, from, to int) (n int) {
	for first := from; first < to; first += h.block {
		if h.touched(c, first) {
			n += h.block - c.busy.count(first, first+h.block) - c.dirty.count(first, first+h.block)
		}
	}
	return n
}

// dirtyBeside makes those pages dirty.
func (h *Heap) dirtyBeside(c *chunk, from, to int) {
	for first := from; first < to; first += h.block {
		if h.touched(c, first) {
			c.dirty.addFree(&c.busy, first, first+h.block)
		}
	}
	c.dirtied = c.pages
}

// around returns the blocks that the pages [first, end) lie in.
func (h *Heap) around(first, end int) (from, to int) {
	from, _ = h.blockAt(first)
	_, to = h.blockAt(end - 1)
	return from, to
}

// fillers is how many chunks with room fullest looks at.
const fillers = 8

// fullest returns a free run of n pages in the block with the most used pages, among the first
// chunks that have such a run inside a block. So the other blocks become free, and go back to the
// kernel whole. If dirty is set, all pages of the run are dirty. The chunk is nil if there is none.
func (h *Heap) fullest(n int, dirty bool) (best *chunk, at int) {
	most, seen := -1, 0
	for i := 0; i < len(h.chunks) && seen < fillers && n <= h.block; i++ {
		c := chunkAt(h.chunks[i])
		set, bound := &c.busy, &c.bound
		if dirty {
			set, bound = &c.dirty, &c.dirtied
		}
		if *bound < n {
			continue
		}
		found := false
		for first := 0; first < c.pages; first += h.block {
			used := c.busy.count(first, first+h.block)
			if used+n > h.block || used <= most {
				continue
			}
			if run := set.findIn(first, first+h.block, n, dirty); run >= 0 {
				best, at, most, found = c, run, used, true
			}
		}
		if found {
			seen++
		} else if first, longest := set.find(n, dirty); first < 0 {
			*bound = longest
		}
	}
	return best, at
}

// MaySettle reports whether a later Purge(false) may give RAM back or change a chunk's size of
// pages.
func (h *Heap) MaySettle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.refused) > 0 {
		return true
	}
	for _, at := range h.chunks {
		c := chunkAt(at)
		if !c.kept.empty() && !c.huge || h.unsuited(c) || h.mayPurge(c) {
			return true
		}
	}
	return false
}

// mayPurge reports whether c has dirty pages that can go by themselves: whole blocks of huge
// pages, or kernel pages without a used heap page.
func (h *Heap) mayPurge(c *chunk) bool {
	if n := c.dirty.count(0, c.pages); n == 0 || h.grain(c) == 1 {
		return n > 0
	}
	grain := h.grain(c)
	for first := 0; first < c.pages; first += grain {
		dirty := c.dirty.count(first, first+grain)
		if dirty == grain || dirty > 0 && !c.huge && c.busy.count(first, first+grain) == 0 {
			return true
		}
	}
	return false
}

// HugeRefusal returns why the kernel refused huge pages; nil if it did not.
func (h *Heap) HugeRefusal() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refusal
}

// grain returns how many heap pages c gives back at a time: those of a kernel page.
func (h *Heap) grain(c *chunk) int {
	if c.huge {
		return h.block
	}
	return h.per
}

// roundUp rounds n pages up to whole blocks.
func (h *Heap) roundUp(n int) int {
	return (n + h.block - 1) >> bits.TrailingZeros(uint(h.block)) << bits.TrailingZeros(uint(h.block))
}
