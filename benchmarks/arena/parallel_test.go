// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ortuman/nuke"

	"github.com/ashlar-go/ashlar/arena"
)

// share is how many objects each goroutine allocates between two resets.
const share = 64 << 10

func BenchmarkParallel(b *testing.B) {
	for _, goroutines := range []int{1, 2} {
		run := func(peer string, reset func(), each func()) {
			b.Run(fmt.Sprintf("goroutines=%d/size=64/peer=%s", goroutines, peer), func(b *testing.B) {
				benchParallel(b, goroutines, reset, each)
			})
		}
		bumps := make([]bump, goroutines)
		for i := range bumps {
			bumps[i].buf = make([]byte, share*64)
		}
		var turn atomic.Int64
		run("bump-each", func() {}, func() {
			m := bumps[turn.Add(1)%int64(goroutines)]
			m.off = len(m.buf)
			m.reset()
			for i := range uint64(share) {
				p := newOf[object](&m)
				p[0], p[7] = i, i
			}
		})
		a := open(b, arena.Options{Concurrent: true})
		run("ashlar-concurrent", a.Reset, func() {
			for i := range uint64(share) {
				p := arena.New[object](a)
				p[0], p[7] = i, i
			}
		})
		n := nuke.NewConcurrentArena(newNuke(goroutines * share * 64))
		run("nuke-concurrent", func() { n.Reset(false) }, func() {
			for i := range uint64(share) {
				p := nuke.New[object](n)
				p[0], p[7] = i, i
			}
		})
		run("goheap", func() {}, func() {
			objects := make([]*object, share)
			for i := range uint64(share) {
				p := new(object)
				p[0], p[7] = i, i
				objects[i] = p
			}
		})
	}
}

// benchParallel runs the shares of all goroutines at once. An operation is one round.
func benchParallel(b *testing.B, goroutines int, reset, each func()) {
	round := func() {
		var wg sync.WaitGroup
		for range goroutines - 1 {
			wg.Go(each)
		}
		each()
		wg.Wait()
		reset()
	}
	round()
	b.ResetTimer()
	before := cpu(b)
	for range b.N {
		round()
	}
	objects := float64(b.N * share * goroutines)
	b.ReportMetric(float64(cpu(b)-before)/objects, "cpu-ns/object")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/objects, "ns/object")
}
