// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func init() {
	register(25, harness.Family{
		Family: report.Family{
			Name: "calls",
			About: fmt.Sprintf("allocate %d blocks, touch them and free them, by one call of MallocBatch and one of FreeBatch; "+
				"peers without such calls do it one by one", callLength),
			Tables: func(*result.Document) []report.Table { return []report.Table{callTable()} },
			Goals:  callGoals(),
		},
		Benchmarks: callBenchmarks,
	})
}

// callLength is the number of blocks of a batch.
const callLength = 32

// callBounds are the sizes of blocks in bytes, and the goals for the time to modernc's.
var callBounds = []struct {
	size  int
	bound float64
}{{64, 0.9}, {1 << 10, 0.9}, {16 << 10, 1.2}}

func callName(size int) string { return fmt.Sprintf("calls/n=%d/size=%d", callLength, size) }

func callBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, c := range callBounds {
		benchmarks = append(benchmarks, timed{
			name: callName(c.size), peers: peer.For(peer.Single), unit: callLength, clock: harness.WallClock,
			open: func(kind peer.Kind) harness.Workload { return newCalls(kind, c.size) },
		}.benchmark())
	}
	return benchmarks
}

// newCalls allocates and frees batches of blocks. An operation is the life of one block.
func newCalls(kind peer.Kind, size int) harness.Workload {
	p := kind.Open()
	h := p.Handle()
	order := peer.InOrder(callLength)
	blocks := make([]unsafe.Pointer, callLength)
	batch, batches := h.(peer.Batch)
	return harness.Workload{
		Run: func(n int) {
			for ; n > 0; n -= len(blocks) {
				if batches {
					batch.MallocBatch(blocks, size)
					for _, block := range blocks {
						peer.Touch(block, size)
					}
					batch.FreeBatch(blocks)
				} else {
					h.Allocate(blocks, size)
					h.Free(blocks, order, size)
				}
			}
		},
		Live: int64(len(blocks) * size),
		Close: func() {
			h.Close()
			p.Close()
		},
	}
}

func callTable() report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("Calls for %d blocks: ns to allocate, touch and free a block", callLength),
		Pattern: "^calls/", First: "size", Times: true, Main: true,
	}
	for _, c := range callBounds {
		t.Lines = append(t.Lines, report.Line{Benchmark: callName(c.size), Label: grid.Bytes(c.size)})
	}
	return t
}

func callGoals() []goal.Goal {
	var goals []goal.Goal
	for _, c := range callBounds {
		label := fmt.Sprintf("calls for %d blocks of %s: ", callLength, grid.Bytes(c.size))
		goals = append(goals,
			goal.Against(label+"Allocator, time to modernc's", callName(c.size), peer.Ashlar, peer.Modernc, goal.AtMost, c.bound),
			goal.Against(label+"Local, time to modernc's", callName(c.size), peer.AshlarLocal, peer.Modernc, goal.AtMost, c.bound))
	}
	return goals
}
