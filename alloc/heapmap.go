// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"time"

	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/stats"
)

// heapMap returns a map of at most the given number of chunks. HeapMap.Omitted counts the
// chunks beyond that number.
func (a *Allocator) heapMap(chunks int) *stats.HeapMap {
	a.init()
	m := &stats.HeapMap{Time: time.Now(), PageSize: sizeclass.PageSize}
	if !a.gate.enter() {
		return m
	}
	defer a.gate.leave()
	add := func(large bool) func(*pageheap.Layout) bool {
		return func(l *pageheap.Layout) bool {
			if len(m.Chunks) >= chunks {
				m.Omitted++
				return true
			}
			c := stats.ChunkMap{Start: l.Start, Pages: l.Pages, Large: large}
			for at := 0; at < l.Pages; {
				at = a.addRuns(&c, l, at)
			}
			m.Chunks = append(m.Chunks, c)
			return true
		}
	}
	a.pages.Layouts(add(false))
	a.large.Layouts(add(true))
	return m
}

// addRuns finds the pages of l, from page at on, that have the same use, and adds them to c. It
// adds pages in use as one run for each span, and other pages as a single run. It returns the
// index of the first page after them.
func (a *Allocator) addRuns(c *stats.ChunkMap, l *pageheap.Layout, at int) int {
	end, busy, dirty := l.Next(at)
	switch {
	case dirty:
		c.Runs = append(c.Runs, stats.PageRun{Use: stats.PageDirty, Pages: int32(end - at)})
	case !busy:
		c.Runs = append(c.Runs, stats.PageRun{Use: stats.PageClean, Pages: int32(end - at)})
	default:
		for at < end {
			run := a.runAt(l.Start+uintptr(at)*sizeclass.PageSize, end-at)
			c.Runs = append(c.Runs, run)
			at += int(run.Pages)
		}
	}
	return end
}

// runAt returns the run of the span at addr, or a run of another kind if no span begins there.
// The run has at most limit pages. Another goroutine may change or free the span's descriptor
// at the same time, so runAt checks what it reads from the descriptor before it uses it.
func (a *Allocator) runAt(addr uintptr, limit int) stats.PageRun {
	s := pagemap.Get(addr)
	if s == 0 {
		return stats.PageRun{Use: stats.PageLarge, Pages: a.unknown(addr, limit)}
	}
	h := smallheap.SpanAt(s).Header
	if !a.isSpan(&h) || h.Base != addr {
		return stats.PageRun{Use: stats.PageLarge, Pages: a.unknown(addr, limit)}
	}
	blocks := h.Class.Blocks()
	return stats.PageRun{
		Use:    stats.PageSpan,
		Pages:  int32(min(h.Class.SpanBytes()/sizeclass.PageSize, limit)),
		Size:   int32(h.Class.Size()),
		Blocks: int32(blocks),
		Idle:   int32(min(smallheap.SpanAt(s).IdleBlocks(), blocks)),
		Purged: int32(smallheap.PurgedBytes(s)),
	}
}

// unknown returns the number of consecutive pages from addr on, up to the next page at which a
// span begins. It does not check the page at addr itself. The result is at least 1 and at most
// limit.
func (a *Allocator) unknown(addr uintptr, limit int) int32 {
	n := 1
	for ; n < limit; n++ {
		at := addr + uintptr(n)*sizeclass.PageSize
		if s := pagemap.Get(at); s != 0 && smallheap.SpanAt(s).Kind == pagemap.Span && smallheap.SpanAt(s).Base == at {
			break
		}
	}
	return int32(n)
}
