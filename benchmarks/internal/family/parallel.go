// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func init() {
	register(30, harness.Family{
		Family: report.Family{
			Name:   "parallel",
			About:  "pairs in 1, 2 and 16 goroutines on 2 processors, each with a ring of its own; with -all also in 4 and 8",
			Tables: func(*result.Document) []report.Table { return []report.Table{parallelTable(), scalingTable()} },
			Goals:  parallelGoals(),
		},
		Benchmarks: parallelBenchmarks,
		Derive:     deriveScaling,
	})
}

var parallelSizes = []int{64, 1 << 10} // bytes

// parallelGoroutines are the numbers of goroutines, in ascending order. Those that are false are measured on
// request.
var parallelGoroutines = []struct {
	n     int
	usual bool
}{{1, true}, {2, true}, {4, false}, {8, false}, {16, true}}

func parallelName(goroutines, size int) string {
	return fmt.Sprintf("parallel/goroutines=%d/size=%d", goroutines, size)
}

// The figures derived from the benchmarks.
func speedupName(size int) string { return fmt.Sprintf("parallel/size=%d/speedup-2", size) }
func lossName(size int) string    { return fmt.Sprintf("parallel/size=%d/time-16-to-2", size) }

func parallelBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, size := range parallelSizes {
		for _, goroutines := range parallelGoroutines {
			benchmarks = append(benchmarks, timed{
				name: parallelName(goroutines.n, size), onRequest: !goroutines.usual,
				peers: peer.For(peer.Parallel), unit: 1, clock: harness.WallClock, processors: processors,
				open:   func(kind peer.Kind) harness.Workload { return newParallel(kind, size, goroutines.n) },
				native: "parallel", size: size, threads: goroutines.n,
			}.benchmark())
		}
	}
	return benchmarks
}

// newParallel is the workload of pairs in several goroutines over one peer. Each goroutine has a ring of its own.
//
// The goroutines take the operations in shares from one counter, so that none waits at the end for one
// that was slower. They yield between shares, so that all of them take part in a short run.
func newParallel(kind peer.Kind, size, goroutines int) harness.Workload {
	p := kind.Open()
	handles := make([]peer.Handle, goroutines)
	rings := make([]*peer.Ring, goroutines)
	for i := range handles {
		handles[i] = p.Handle()
		rings[i] = peer.NewRing(handles[i], size)
	}
	var steps []harness.Step
	for i, h := range handles {
		steps = append(steps, func() { h.Pair(rings[i], size, 1) })
	}
	return harness.Workload{
		Live:     int64(goroutines * peer.Window * size),
		Steps:    steps,
		StepName: pairStep,
		Run: func(n int) {
			share := min(max(n/(32*goroutines), 1), 4096)
			var taken atomic.Int64
			var done sync.WaitGroup
			for i, h := range handles {
				done.Go(func() { takeShares(&taken, n, share, h, rings[i], size) })
			}
			done.Wait()
		},
		Close: func() {
			for i, h := range handles {
				rings[i].Drain(h, size)
				h.Close()
			}
			p.Close()
		},
	}
}

// takeShares does operations, a share at a time, until all goroutines together have taken n.
func takeShares(taken *atomic.Int64, n, share int, h peer.Handle, r *peer.Ring, size int) {
	for {
		start := int(taken.Add(int64(share))) - share
		if start >= n {
			return
		}
		h.Pair(r, size, min(share, n-start))
		runtime.Gosched()
	}
}

// deriveScaling compares the numbers of goroutines.
func deriveScaling(r *result.Results) {
	for _, size := range parallelSizes {
		one, two, many := parallelName(1, size), parallelName(2, size), parallelName(16, size)
		r.DeriveRatio(speedupName(size), one, two)
		r.DeriveRatio(lossName(size), many, two)
	}
}

func parallelTable() report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("Parallel: wall ns for a pair, over all goroutines, on %d processors", processors),
		Pattern: "^parallel/", First: "size, goroutines", Times: true, Main: true,
	}
	var counts []int
	for _, goroutines := range parallelGoroutines {
		counts = append(counts, goroutines.n)
	}
	for _, size := range parallelSizes {
		name := func(goroutines int) string { return parallelName(goroutines, size) }
		t.Scales = append(t.Scales, report.Scaling{Label: grid.Bytes(size), Processors: processors, Goroutines: counts, Benchmark: name})
		for _, n := range counts {
			t.Lines = append(t.Lines, report.Line{Benchmark: name(n), Label: fmt.Sprintf("%s, %d", grid.Bytes(size), n)})
		}
	}
	return t
}

func scalingTable() report.Table {
	t := report.Table{Title: "Scaling of pairs in parallel, from the table above", Pattern: "^parallel/", First: "ratio"}
	for _, size := range parallelSizes {
		t.Lines = append(t.Lines,
			report.Line{Benchmark: speedupName(size), Label: grid.Bytes(size) + ": throughput of 2 goroutines ÷ 1"},
			report.Line{Benchmark: lossName(size), Label: grid.Bytes(size) + ": time of 16 goroutines ÷ 2"})
	}
	return t
}

func parallelGoals() []goal.Goal {
	var goals []goal.Goal
	for _, size := range parallelSizes {
		label := grid.Bytes(size) + " in parallel: "
		goals = append(goals,
			goal.Against(label+"2 goroutines faster than modernc+mutex", parallelName(2, size), peer.Ashlar, peer.ModerncMutex, goal.Faster, 1.5),
			goal.Alone(label+"throughput of 2 goroutines to 1", speedupName(size), peer.Ashlar, goal.AtLeast, 1.85),
			goal.Alone(label+"time of 16 goroutines to 2", lossName(size), peer.Ashlar, goal.AtMost, 1.1))
	}
	return goals
}
