// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/stats"
)

// TestHeapMap: the map and the statistics describe the same heap.
func TestHeapMap(t *testing.T) {
	a := open(t, still)
	var freed []unsafe.Pointer
	for i := range 5000 {
		p := alloc(t, a, 16<<(i%10))
		if i%3 == 0 || i > 4000 {
			freed = append(freed, p)
		}
	}
	for _, p := range freed {
		a.Free(p)
	}
	m := a.Inspect().HeapMap(100)
	s := a.Stats()

	type row struct{ spans, blocks, idle int64 }
	classes := map[int32]row{}
	var pages [4]int
	for i := range m.Chunks {
		c := &m.Chunks[i]
		sum := 0
		for _, r := range c.Runs {
			sum += int(r.Pages)
			if r.Use == stats.PageSpan {
				k := classes[r.Size]
				classes[r.Size] = row{k.spans + 1, k.blocks + int64(r.Blocks), k.idle + int64(r.Idle)}
			}
		}
		if sum != c.Pages {
			t.Errorf("chunk %d has %d pages, its runs %d", i, c.Pages, sum)
		}
		n, _ := c.Count()
		for use := range n {
			pages[use] += n[use]
		}
	}
	for _, c := range s.Classes {
		if got, want := classes[int32(c.Size)], (row{c.Spans, c.Blocks, c.Idle}); got != want {
			t.Errorf("class %d: the map has %+v, the snapshot %+v", c.Size, got, want)
		}
	}
	size := int64(m.PageSize)
	if got := int64(pages[stats.PageDirty]) * size; got != s.Memory.PagesDirty {
		t.Errorf("%d dirty bytes in the map, %d in the snapshot", got, s.Memory.PagesDirty)
	}
	if got := int64(pages[stats.PageClean]) * size; got != s.Memory.PagesClean {
		t.Errorf("%d clean bytes in the map, %d in the snapshot", got, s.Memory.PagesClean)
	}
	if pages[stats.PageLarge] != 0 || len(m.Chunks) != s.Chunks || m.Omitted != 0 {
		t.Errorf("%d pages of large objects, %d chunks and %d omitted of %d", pages[stats.PageLarge], len(m.Chunks), m.Omitted, s.Chunks)
	}
	if m = a.Inspect().HeapMap(0); len(m.Chunks) != 0 || m.Omitted != s.Chunks {
		t.Errorf("with room for none: %d chunks, %d omitted", len(m.Chunks), m.Omitted)
	}
}

// TestHeapMapOfLarge: the map shows chunks that large objects share as such.
func TestHeapMapOfLarge(t *testing.T) {
	o := still
	o.Large.MaxMappings = 1
	a := open(t, o)
	p := alloc(t, a, 1<<20)
	m := a.Inspect().HeapMap(10)
	a.Free(p)
	if len(m.Chunks) != 1 || !m.Chunks[0].Large {
		t.Fatalf("chunks %+v", m.Chunks)
	}
	n, free := m.Chunks[0].Count()
	if got := n[stats.PageLarge] * m.PageSize; got < 1<<20 || got > 1<<20+64<<10 {
		t.Errorf("%d bytes for an object of 1 MiB", got)
	}
	if free == 0 {
		t.Error("nothing is free")
	}
}

// TestHeapMapMeanwhile: each map is consistent while the heap is in use.
func TestHeapMapMeanwhile(t *testing.T) {
	a := open(t, Options{})
	var stop atomic.Bool
	var users sync.WaitGroup
	for range 2 {
		users.Go(func() {
			var blocks [64]unsafe.Pointer
			for i := 0; !stop.Load(); i++ {
				yield()
				a.Free(blocks[i%64])
				blocks[i%64], _ = a.Malloc(16 << (i % 13))
				if i%1000 == 0 {
					a.trimShared()
				}
			}
			for _, p := range blocks {
				a.Free(p)
			}
		})
	}
	for range 200 {
		m := a.Inspect().HeapMap(8)
		for i := range m.Chunks {
			n, free := m.Chunks[i].Count()
			if sum := n[0] + n[1] + n[2] + n[3]; sum != m.Chunks[i].Pages || free > sum {
				t.Errorf("runs of %d pages in a chunk of %d; the longest free one %d", sum, m.Chunks[i].Pages, free)
			}
		}
	}
	stop.Store(true)
	users.Wait()
}
