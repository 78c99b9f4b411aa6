// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"math/bits"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A pageMask is a set of the kernel's pages of a span. Bit 0 stands for the first page that lies
// wholly in the span. A span of 256 KiB has 64 pages of 4 KiB.
type pageMask uint64

// A geometry says which pages the blocks of a span touch.
type geometry struct {
	first uintptr // address of the first whole page
	lead  int     // bytes of the span before it
	shift uint    // binary logarithm of the page size
	pages int     // whole pages
	size  int     // of a block, in bytes
}

func geometryOf(sp *Span) geometry {
	page := vm.PageSize()
	first := raw.AlignUp(sp.Base, page)
	end := raw.AlignDown(sp.Base+uintptr(sp.Class.SpanBytes()), page)
	g := geometry{first: first, lead: int(first - sp.Base), shift: uint(bits.TrailingZeros(uint(page))), size: int(sp.Size)}
	if end > first {
		g.pages = int((end - first) >> g.shift)
	}
	return g
}

// span returns the pages from first to last, both included.
func (g *geometry) span(first, last int) pageMask {
	first, last = max(first, 0), min(last, g.pages-1)
	if first > last {
		return 0
	}
	return ^pageMask(0) >> (63 - (last - first)) << first
}

// pagesOf returns the pages that block i touches.
func (g *geometry) pagesOf(i uint32) pageMask {
	at := int(i)*g.size - g.lead
	return g.span(at>>g.shift, (at+g.size-1)>>g.shift)
}

// outside returns those of the eight blocks from block at on that are in free and touch no page of
// avoid. Both are words as idleIn returns.
func (g *geometry) outside(at uint32, free uint64, avoid pageMask) (rest uint64) {
	for ; free != 0; free &= free - 1 {
		if g.pagesOf(at+uint32(bits.TrailingZeros64(free)/8))&avoid == 0 {
			rest |= free & -free
		}
	}
	return rest
}

// idle returns the pages of the span at s that only idle blocks touch, or none.
func (g *geometry) idle(s uintptr) pageMask {
	sp := SpanAt(s)
	states := raw.Bytes(statesOf(s), statesSize(sp.Class))
	var used pageMask
	for at := uint32(0); at < sp.Blocks; at += 8 {
		all := ^uint64(0) >> (64 - 8*min(sp.Blocks-at, 8)) & eachState
		for rest := all &^ idleIn(states[at:]); rest != 0; rest &= rest - 1 {
			used |= g.pagesOf(at + uint32(bits.TrailingZeros64(rest)/8))
		}
	}
	return g.span(0, g.pages-1) &^ used
}

// bytes returns the size of the pages.
func (m pageMask) bytes() int64 { return int64(bits.OnesCount64(uint64(m))) * int64(vm.PageSize()) }

// next returns the lowest run of pages in m: its first page and the page after its last.
func (m pageMask) next() (first, end int) {
	first = bits.TrailingZeros64(uint64(m))
	return first, first + bits.TrailingZeros64(^uint64(m>>first))
}

// purgedBytes returns how much of the span's RAM was given back, in bytes.
func (s *Span) purgedBytes() int64 { return s.purged.bytes() }

// PurgedBytes returns how much of the RAM of the span at s was given back. The caller need not
// hold the depot's lock.
func PurgedBytes(s uintptr) int64 {
	return pageMask(atomic.LoadUint64((*uint64)(&SpanAt(s).purged))).bytes()
}

// IdleBytes returns the bytes of the span at s beside its live blocks that may occupy RAM. It
// reads the states while their owners change them.
func IdleBytes(s uintptr, live int) int {
	sp := SpanAt(s)
	return max(sp.Class.SpanBytes()-live*sp.Class.Size()-int(PurgedBytes(s)), 0)
}
