// SPDX-License-Identifier: Apache-2.0

package pageheap

import "github.com/ashlar-go/ashlar/internal/invariants"

// check panics if c or the heap breaks an invariant of the package
// documentation. It compiles to nothing unless invariants are enabled.
func (h *Heap) check(c *chunk) {
	if !invariants.Enabled {
		return
	}
	dirty := c.dirty.count(0, chunkPages)
	switch {
	case c.busy.count(0, c.pages) != c.used+c.purging:
		panic("pageheap: |busy| ≠ used + purging")
	case c.busy.count(c.pages, chunkPages) != chunkPages-c.pages:
		panic("pageheap: a page beyond the end of a chunk is free")
	case c.dirty.overlaps(&c.busy):
		panic("pageheap: a busy page is dirty")
	case !c.aged.within(&c.dirty):
		panic("pageheap: aged ⊄ dirty")
	case c.huge && (c.lent != unitSet{} || h.purgedInside(c)):
		panic("pageheap: a huge page is not charged whole")
	case h.used < c.used || h.dirty.Load() < int64(dirty):
		panic("pageheap: a chunk counts more pages than its heap")
	}
}

// purgedInside reports whether a block of a chunk of huge pages has both clean pages and others.
func (h *Heap) purgedInside(c *chunk) bool { return h.cleanBeside(c, 0, c.pages) > 0 }
