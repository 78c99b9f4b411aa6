// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// TestStatsRequested: the statistics have the requested bytes, also after reuse, Realloc
// and Trim. All fields add up to the mapped bytes.
func TestStatsRequested(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	var small, large, blocks int64
	expect := func(when string) {
		t.Helper()
		s := a.Stats()
		m := &s.Memory
		if m.LargeRequested != large {
			t.Errorf("%s: %d bytes in large objects are requested, want %d", when, m.LargeRequested, large)
		}
		// The number is exact for blocks up to 1 KiB, and within a thousandth for larger
		// ones.
		if off := m.Requested - small; off > small/1000 || off < -small/1000 {
			t.Errorf("%s: %d bytes in small blocks are requested, want %d", when, m.Requested, small)
		}
		if got := s.Live(); got != blocks {
			t.Errorf("%s: %d blocks are live, want %d", when, got, blocks)
		}
		if got, want := m.Total(), s.Mapped.Now+s.Metadata.Mapped; got != want {
			t.Errorf("%s: the numbers sum to %d bytes, %d are mapped", when, got, want)
		}
	}
	count := func(size, n int) {
		blocks += int64(n)
		if size < sizeclass.LargeMin {
			small += int64(n * size)
		} else {
			large += int64(n * size)
		}
	}
	for _, m := range []implementation{whole{a}, handle{l, a}} {
		var live []unsafe.Pointer
		for _, size := range []int{1, 100, 1000, 3000, 50000, 150_000, 151_000, 149_000, 1 << 20} {
			for range 3 {
				m.Free(alloc(t, m, size+size/500)) // so that blocks are used again
			}
			live = append(live, alloc(t, m, size))
			count(size, 1)
			expect("allocated")
		}
		p, err := m.Realloc(live[1], 110)
		live[1] = must(t, p, err)
		count(100, -1)
		count(110, 1)
		expect("resized in place")
		p, err = m.Realloc(live[5], 400_000)
		live[5] = must(t, p, err)
		count(150_000, -1)
		count(400_000, 1)
		expect("resized")
		m.Trim()
		expect("trimmed")
		for _, p := range live {
			m.Free(p)
		}
		small, large, blocks = 0, 0, 0
		expect("freed")
	}
	l.Close()
	expect("closed the Local")
	drained(t, a)
	expect("trimmed in the end")
}
