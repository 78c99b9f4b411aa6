// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/stats"
)

// TestClassesShare: memory that blocks of one size have left is used for blocks of other
// sizes, without Trim.
func TestClassesShare(t *testing.T) {
	const bytes = 16 << 20
	a := open(t, still)
	l := local(t, a) // one cache, so that the number of processors does not matter
	for _, size := range []int{100, 1000, 5000, 300, 2000} {
		var blocks []unsafe.Pointer
		for range bytes / size {
			blocks = append(blocks, alloc(t, l, size))
		}
		for _, p := range blocks {
			l.Free(p)
		}
	}
	// The depot of each class may keep magazines with 64 KiB of blocks.
	if peak := a.space.Footprint.Peak(); peak > 2*bytes {
		t.Errorf("the footprint was %d bytes for %d at a time", peak, bytes)
	}
	l.Close()
	drained(t, a)
}

// TestDepotKeeps: a program that allocates and frees in turn requests no new memory,
// whichever caches the blocks pass through.
func TestDepotKeeps(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	for i := range 50 {
		for _, size := range []int{16, 500, 9000, 90000} {
			var blocks []unsafe.Pointer
			for range 1000 * 16 / (16 + size/64) / 4 {
				blocks = append(blocks, alloc(t, a, size))
			}
			for _, p := range blocks {
				l.Free(p)
			}
		}
		if i == 5 {
			check(t, a)
		}
	}
	before := a.space.Footprint.Now()
	for range 3 {
		for _, size := range []int{16, 500, 9000, 90000} {
			var blocks []unsafe.Pointer
			for range 1000 * 16 / (16 + size/64) / 4 {
				blocks = append(blocks, alloc(t, a, size))
			}
			for _, p := range blocks {
				l.Free(p)
			}
		}
	}
	if n := a.space.Footprint.Now(); n > before+before/4 {
		t.Errorf("the footprint grew from %d to %d bytes, for the same again", before, n)
	}
}

// TestMagazinesAreExchanged: a cache brings a magazine to the depot and takes another one at once. So
// blocks that go through the depot need one exchange for each magazine when they are freed, and one
// when they are allocated.
func TestMagazinesAreExchanged(t *testing.T) {
	const magazines = 20
	for _, size := range []int{64, 1000, 20_000} {
		a := open(t, still)
		l := local(t, a)
		c := sizeclass.Of(size)
		blocks := make([]unsafe.Pointer, magazines*smallheap.Capacity(c))
		round := func() int64 {
			before := a.Stats().Classes[c].Exchanges
			for i := range blocks {
				blocks[i] = alloc(t, l, size)
			}
			for _, p := range blocks {
				l.Free(p)
			}
			return a.Stats().Classes[c].Exchanges - before
		}
		round() // creates spans and magazines
		if n := round(); n < magazines || n > 2*magazines {
			t.Errorf("%d bytes: %d exchanges for %d magazines", size, n, magazines)
		}
	}
}

// TestNewSpansFillMagazines: a magazine is filled from one new span, and from as many as it has room for
// after magazines have grown.
func TestNewSpansFillMagazines(t *testing.T) {
	const magazines = 10
	for _, size := range []int{1000, 20_000, 100_000} {
		a := open(t, still)
		l := local(t, a)
		c := sizeclass.Of(size)
		class := func() stats.Class { return a.Stats().Classes[c] }
		blocks := []unsafe.Pointer{alloc(t, l, size)}
		if n := class().Spans; n != 1 {
			t.Errorf("%d bytes: one block has %d spans", size, n)
		}
		a.depots[c].Grow()
		before := class().Exchanges
		for range magazines * smallheap.MaxRoom(c) {
			blocks = append(blocks, alloc(t, l, size))
		}
		const first = 8 // a Local begins with small magazines
		if n := class().Exchanges - before; n > magazines+first {
			t.Errorf("%d bytes: %d exchanges for %d magazines", size, n, magazines)
		}
		for _, p := range blocks {
			l.Free(p)
		}
		check(t, a)
	}
}
