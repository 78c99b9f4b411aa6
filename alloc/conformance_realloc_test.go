// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math"
	"testing"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// reallocSizes lie on both sides of the limits that a block can cross: that of its class,
// and that between small and large blocks.
var reallocSizes = []int{
	1, 15, 16, 17, 100, 112, 113, 1000, 1024, 1025, 4096, 5000, 30000, 65536, 120000,
	sizeclass.LargeMin - 1, sizeclass.LargeMin, sizeclass.LargeMin + 1, 140000, 200000, 1 << 20, 5 << 20,
}

// conformRealloc resizes blocks from each size to each other size.
func conformRealloc(t *testing.T, m implementation) {
	for i, from := range reallocSizes {
		for j, to := range reallocSizes {
			p := alloc(t, m, from)
			neighbour := alloc(t, m, from)
			fill(bytesAt(p, from), i)
			fill(bytesAt(neighbour, from), j)
			q, err := m.Realloc(p, to)
			must(t, q, err)
			if u := m.UsableSize(q); u < to || to < sizeclass.LargeMin && u < goodSize(m, to) {
				t.Fatalf("Realloc from %d to %d bytes gave %d", from, to, u)
			}
			if !filled(bytesAt(q, min(from, to)), i) {
				t.Fatalf("Realloc from %d to %d bytes lost contents", from, to)
			}
			fill(bytesAt(q, m.UsableSize(q)), 3)
			if !filled(bytesAt(neighbour, from), j) {
				t.Fatalf("Realloc from %d to %d bytes wrote to another block", from, to)
			}
			m.Free(q)
			m.Free(neighbour)
		}
	}
}

// conformReallocEnds resizes one block through all sizes.
func conformReallocEnds(t *testing.T, m implementation) {
	p, err := m.Realloc(nil, reallocSizes[0])
	must(t, p, err)
	fill(bytesAt(p, reallocSizes[0]), 9)
	for _, size := range reallocSizes[1:] {
		if p, err = m.Realloc(p, size); err != nil {
			t.Fatal(err)
		}
		if size < 1<<20 {
			fill(bytesAt(p, size), 9)
		}
	}
	for i := len(reallocSizes) - 1; i >= 0; i-- {
		if p, err = m.Realloc(p, reallocSizes[i]); err != nil {
			t.Fatal(err)
		}
		if !filled(bytesAt(p, min(reallocSizes[i], 200000)), 9) {
			t.Fatalf("contents lost on the way down to %d bytes", reallocSizes[i])
		}
	}
	if q, err := m.Realloc(p, 0); q != nil || err != nil {
		t.Errorf("Realloc(p, 0) = %p, %v; want nil, nil", q, err)
	}
	large := alloc(t, m, 1<<20)
	if q, err := m.Realloc(large, 0); q != nil || err != nil {
		t.Errorf("Realloc(large, 0) = %p, %v; want nil, nil", q, err)
	}
}

func conformReallocFailing(t *testing.T, m implementation) {
	for i, size := range []int{1, 100, 4096, 100000, sizeclass.LargeMin, 1 << 20} {
		p := alloc(t, m, size)
		usable := m.UsableSize(p)
		fill(bytesAt(p, usable), i)
		for _, c := range []struct {
			size int
			want error
		}{{-1, ErrInvalidSize}, {math.MinInt, ErrInvalidSize}, {math.MaxInt, ErrOutOfMemory}, {math.MaxInt / 2, ErrOutOfMemory}} {
			if roomy && c.want == ErrOutOfMemory {
				continue
			}
			q, err := m.Realloc(p, c.size)
			if q != nil || !errors.Is(err, c.want) {
				t.Errorf("Realloc of %d bytes to %d = %p, %v; want %v", size, c.size, q, err, c.want)
			}
			if m.UsableSize(p) != usable || !filled(bytesAt(p, usable), i) {
				t.Fatalf("a failed Realloc of %d bytes to %d changed the block", size, c.size)
			}
		}
		m.Free(p)
	}
}
