// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"runtime"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
)

// open returns a table. At the end of the test it is checked and closed, and nothing of
// it may remain.
func open(t testing.TB) *Table {
	t.Helper()
	before := metadata.InUse()
	tab := new(Table)
	t.Cleanup(func() {
		check(t, tab)
		tab.Close()
		if n := metadata.InUse(); n != before {
			t.Errorf("%d bytes of metadata are in use after Close, %d were before", n, before)
		}
		if n := tab.Usage().Bytes; n != 0 {
			t.Errorf("%d bytes are counted after Close", n)
		}
	})
	return tab
}

// check compares the sums of each bucket with those over its records, and the counts with
// the contents.
func check(t testing.TB, tab *Table) {
	t.Helper()
	type sum struct {
		n              int64
		objects, bytes float64
	}
	sums := map[uintptr]sum{}
	tab.records.Each(func(at uintptr) {
		r := recordAt(at)
		s := sums[r.bucket]
		sums[r.bucket] = sum{s.n + 1, s.objects + r.weight, s.bytes + r.weight*float64(r.size)}
	})
	live := int64(0)
	for _, b := range tab.stacks.buckets() {
		k, want := bucketAt(b), sums[b]
		if k.live != want.n || !near(k.liveObjects, want.objects) || !near(k.liveBytes, want.bytes) {
			t.Errorf("a bucket has %d records, %v objects, %v bytes; its records sum to %+v", k.live, k.liveObjects, k.liveBytes, want)
		}
		live += k.live
	}
	if int64(tab.records.Len()) != live || len(tab.stacks.all()) != tab.stacks.n || len(tab.stacks.buckets()) != tab.stacks.nBuckets {
		t.Errorf("%d records, %d stacks and %d buckets are counted; there are %d, %d and %d", tab.records.Len(), tab.stacks.n, tab.stacks.nBuckets,
			live, len(tab.stacks.all()), len(tab.stacks.buckets()))
	}
}

// near reports whether two sums differ by no more than rounding.
func near(a, b float64) bool { return a-b < 1e-6*(1+b) && b-a < 1e-6*(1+b) }

// here returns the caller's stack.
//
//go:noinline
func here() []uintptr {
	pcs := make([]uintptr, Depth)
	return pcs[:runtime.Callers(2, pcs)]
}

// path returns a different stack for each number of the given number of bits.
//
//go:noinline
func path(n uint, bits int) []uintptr {
	switch {
	case bits == 0:
		return here()
	case n&1 == 0:
		return path(n>>1, bits-1)
	default:
		return path(n>>1, bits-1)
	}
}

// lines returns the lines that are not all zero.
func lines(tab *Table, since uint64) []Line {
	var some []Line
	for _, l := range tab.Lines(since, nil) {
		if l.AllocObjects+l.AllocBytes+l.LiveObjects+l.LiveBytes != 0 {
			some = append(some, l)
		}
	}
	return some
}
