// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"math/rand/v2"
	"testing"
)

// naive is a bitmap as a slice of bools.
type naive [chunkPages]bool

func (n *naive) put(from, to int, v bool) {
	for i := from; i < to; i++ {
		n[i] = v
	}
}

func (n *naive) count(from, to int) (ones int) {
	for _, v := range n[from:to] {
		if v {
			ones++
		}
	}
	return ones
}

func (n *naive) next(from int, ones bool) (first, end int) {
	for first = from; first < chunkPages && n[first] != ones; first++ {
	}
	for end = first; end < chunkPages && n[end] == ones; end++ {
	}
	return first, end
}

func (n *naive) find(want int, ones bool) (first, longest int) {
	for first, end := n.next(0, ones); first < chunkPages; first, end = n.next(end, ones) {
		if end-first >= want {
			return first, longest
		}
		longest = max(longest, end-first)
	}
	return -1, longest
}

// interval draws a range whose ends are often those of a word or of the bitmap.
func interval(r *rand.Rand) (from, to int) {
	draw := func() int {
		n := r.IntN(chunkPages + 1)
		switch r.IntN(4) {
		case 0:
			return n / 64 * 64
		case 1:
			return min(n%130, chunkPages)
		}
		return n
	}
	from, to = draw(), draw()
	return min(from, to), max(from, to)
}

func TestBitmap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var b, other bitmap
	var n, m naive
	for step := range 3000 {
		from, to := interval(r)
		switch r.IntN(5) {
		case 0:
			b.set(from, to)
			n.put(from, to, true)
		case 1:
			b.clear(from, to)
			n.put(from, to, false)
		case 2:
			other.set(from, to)
			m.put(from, to, true)
		case 3:
			other.clear(from, to)
			m.put(from, to, false)
		default:
			b.add(&other, from, to)
			for i := from; i < to; i++ {
				n[i] = n[i] || m[i]
			}
		}
		from, to = interval(r)
		if got, want := b.count(from, to), n.count(from, to); got != want {
			t.Fatalf("step %d: count(%d, %d) = %d, want %d", step, from, to, got, want)
		}
		ones, want := r.IntN(2) == 0, 1+r.IntN(1<<r.IntN(10))
		first, end := b.next(from, ones)
		if f, e := n.next(from, ones); first != f || end != e {
			t.Fatalf("step %d: next(%d, %v) = %d, %d, want %d, %d", step, from, ones, first, end, f, e)
		}
		first, longest := b.find(want, ones)
		if f, l := n.find(want, ones); first != f || longest != l {
			t.Fatalf("step %d: find(%d, %v) = %d, %d, want %d, %d", step, want, ones, first, longest, f, l)
		}
		overlaps, within := false, true
		for i := range n {
			overlaps = overlaps || n[i] && m[i]
			within = within && (!n[i] || m[i])
		}
		if b.overlaps(&other) != overlaps || b.within(&other) != within {
			t.Fatalf("step %d: overlaps %v, within %v, want %v, %v", step, b.overlaps(&other), b.within(&other), overlaps, within)
		}
	}
}
