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

// heapMap returns a picture of the chunks, of as many as are requested.
func (a *Allocator) heapMap(chunks int) *stats.HeapMap {
	a.init()
	m := &stats.HeapMap{Time: time.Now(), PageSize: sizeclass.PageSize}
	s := a.gate.enter()
	if s == nil {
		return m
	}
	defer s.leave()
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

// addRuns adds the pages of l that are alike, from page at on, to c: as one run, or,
// if they are in use, as a run for each span. It returns the page behind them.
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

// runAt returns the span at addr, or a run of another kind, of limit pages at most.
// The span's descriptor is another's to change: it can be gone by now, and what is
// read of it is checked before it is believed.
func (a *Allocator) runAt(addr uintptr, limit int) stats.PageRun {
	s := pagemap.Get(addr)
	if s == 0 {
		return stats.PageRun{Use: stats.PageLarge, Pages: a.unknown(addr, limit)}
	}
	h := smallheap.SpanAt(s).Header
	if h.Kind != pagemap.Span || h.Owner != a.id || h.Base != addr || int(h.Class) >= sizeclass.Count {
		return stats.PageRun{Use: stats.PageLarge, Pages: a.unknown(addr, limit)}
	}
	blocks := h.Class.Blocks()
	return stats.PageRun{
		Use:    stats.PageSpan,
		Pages:  int32(min(h.Class.SpanBytes()/sizeclass.PageSize, limit)),
		Size:   int32(h.Class.Size()),
		Blocks: int32(blocks),
		Idle:   int32(min(smallheap.SpanAt(s).IdleBlocks(), blocks)),
	}
}

// unknown returns how many of the pages from addr on, at least one and at most limit,
// are not the first of a span.
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
