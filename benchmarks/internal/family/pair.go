// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func init() {
	register(10, harness.Family{
		Family: report.Family{
			Name:   "pair",
			About:  "a ring of 64 live blocks in one goroutine: free the oldest, allocate and touch its successor",
			Tables: func(*result.Document) []report.Table { return []report.Table{pairTable()} },
			Goals:  pairGoals(),
			Headlines: []report.Headline{
				{Text: "Free, allocate and touch a block of 64 B, ns", Benchmark: pairName(64), Decimals: 1, Chart: "A pair of 64 B", Unit: "ns"},
				{Text: "Free, allocate and touch a block of 1 KiB, ns", Benchmark: pairName(1 << 10), Decimals: 1},
			},
		},
		Benchmarks: pairBenchmarks,
	})
}

// pairSizes are the sizes of blocks, in bytes.
var pairSizes = []int{64, 1 << 10, 16 << 10, 128 << 10, 1 << 20}

func pairName(size int) string { return fmt.Sprintf("pair/size=%d", size) }

func pairBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, size := range pairSizes {
		benchmarks = append(benchmarks, timed{
			name: pairName(size), peers: peer.For(peer.Single), unit: 1, clock: harness.WallClock,
			open:   func(kind peer.Kind) harness.Workload { return newPair(kind, size) },
			native: "pair", size: size, threads: 1,
		}.benchmark())
	}
	return benchmarks
}

// newPair keeps a window of live blocks in one goroutine. Each operation replaces the oldest block: it frees that
// one, and allocates and touches another.
func newPair(kind peer.Kind, size int) harness.Workload {
	p := kind.Open()
	h := p.Handle()
	r := peer.NewRing(h, size)
	return harness.Workload{
		Run:      func(n int) { h.Pair(r, size, n) },
		Live:     int64(peer.Window * size),
		Steps:    []harness.Step{func() { h.Pair(r, size, 1) }},
		StepName: pairStep,
		Close: func() {
			r.Drain(h, size)
			h.Close()
			p.Close()
		},
	}
}

// pairStep is what a step of pairs is.
const pairStep = "free a block, allocate and touch its successor"

func pairTable() report.Table {
	t := report.Table{
		Title:   "Pair: ns to free the oldest of 64 live blocks, allocate and touch one",
		Pattern: "^pair/", First: "size", Times: true, Main: true,
	}
	for _, size := range pairSizes {
		t.Lines = append(t.Lines, report.Line{Benchmark: pairName(size), Label: grid.Bytes(size)})
	}
	return t
}

func pairGoals() []goal.Goal {
	var goals []goal.Goal
	heap := map[int]float64{64: 3, 1 << 10: 15, 16 << 10: 100}
	for _, size := range []int{64, 1 << 10, 16 << 10} {
		name, label := pairName(size), "pair "+grid.Bytes(size)
		goals = append(goals,
			goal.Against(label+": Local, time to modernc's", name, peer.AshlarLocal, peer.Modernc, goal.AtMost, 1),
			goal.Against(label+": Allocator, time to modernc's", name, peer.Ashlar, peer.Modernc, goal.AtMost, 1.3),
			goal.Against(label+": Allocator faster than make", name, peer.Ashlar, peer.Make, goal.Faster, heap[size]))
	}
	for _, size := range []int{128 << 10, 1 << 20} {
		name, label := pairName(size), "pair "+grid.Bytes(size)+": Allocator faster than "
		goals = append(goals,
			goal.Against(label+"modernc", name, peer.Ashlar, peer.Modernc, goal.Faster, 1.2),
			goal.Against(label+"naive", name, peer.Ashlar, peer.Naive, goal.Faster, 50),
			goal.Against(label+"make", name, peer.Ashlar, peer.Make, goal.Faster, 20))
	}
	return append(goals, mimallocGoals("pair 64 B", pairName(64))...)
}

// mimallocGoals bound a benchmark's times by those of mimalloc 3 in C.
func mimallocGoals(label, name string) []goal.Goal {
	return []goal.Goal{
		goal.Against(label+": Allocator, time to mimalloc 3's", name, peer.Ashlar, native.Mimalloc3, goal.AtMost, 2),
		goal.Against(label+": Local, time to mimalloc 3's", name, peer.AshlarLocal, native.Mimalloc3, goal.AtMost, 1.3),
	}
}
