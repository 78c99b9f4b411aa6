// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"testing"

	"github.com/ortuman/nuke"

	"github.com/ashlar-go/ashlar/arena"
)

// keep keeps alive what the Go heap's peer allocates in a round.
var keep []*object

func BenchmarkNew(b *testing.B) {
	for _, round := range []struct {
		name    string
		objects int
	}{{"10", 10}, {"100", 100}, {"1000", 1000}, {"1MiB", 1 << 14}, {"8MiB", 1 << 17}} {
		n := round.objects
		run := func(peer string, f func(b *testing.B)) {
			b.Run(fmt.Sprintf("size=64/round=%s/peer=%s", round.name, peer), f)
		}
		run("bump", func(b *testing.B) { benchBump(b, n, (*bump).reset) })
		run("bump-nozero", func(b *testing.B) { benchBump(b, n, func(m *bump) { m.off = 0 }) })
		for _, v := range variants {
			run(v.name, func(b *testing.B) { benchAshlar(b, n, v.options) })
		}
		if experiment.news != nil {
			run("experiment", func(b *testing.B) { experiment.news(b, n) })
		}
		run("nuke", func(b *testing.B) { benchNuke(b, n) })
		run("goheap", func(b *testing.B) { benchHeap(b, n) })
	}
}

func benchBump(b *testing.B, n int, reset func(*bump)) {
	m := &bump{buf: make([]byte, 64*n)}
	rounds(b, n, func() { reset(m) }, func(k int) {
		for i := range uint64(k) {
			p := newOf[object](m)
			p[0], p[7] = i, i
		}
	})
}

func benchAshlar(b *testing.B, n int, o arena.Options) {
	a := open(b, o)
	rounds(b, n, a.Reset, func(k int) {
		for i := range uint64(k) {
			p := arena.New[object](a)
			p[0], p[7] = i, i
		}
	})
}

func benchNuke(b *testing.B, n int) {
	a := newNuke(64 * n)
	rounds(b, n, func() { a.Reset(false) }, func(k int) {
		for i := range uint64(k) {
			p := nuke.New[object](a)
			p[0], p[7] = i, i
		}
	})
}

func benchHeap(b *testing.B, n int) {
	keep = make([]*object, n)
	rounds(b, n, func() {}, func(k int) {
		for i := range uint64(k) {
			p := new(object)
			p[0], p[7] = i, i
			keep[i] = p
		}
	})
	keep = nil
}

// rounds performs all operations of the benchmark in rounds of n. Before the timed rounds it runs one that is not
// timed. After each round it calls reset.
func rounds(b *testing.B, n int, reset func(), each func(k int)) {
	each(n)
	reset()
	b.ResetTimer()
	for left := b.N; left > 0; left -= n {
		each(min(left, n))
		reset()
	}
}
