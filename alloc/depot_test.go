// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"
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
