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
	register(20, harness.Family{
		Family: report.Family{
			Name:   "batch",
			About:  "allocate and touch 1000 blocks, then free them first to last (fifo) or in a random order",
			Tables: func(*result.Document) []report.Table { return []report.Table{batchTable()} },
			Goals:  batchGoals(),
		},
		Benchmarks: batchBenchmarks,
	})
}

const (
	batchSize   = 64   // bytes of a block
	batchLength = 1000 // blocks
)

// batchOrders are the orders in which a batch is freed. The C program has the same names.
var batchOrders = []struct {
	name string
	make func(n int) []int32
}{
	{"fifo", peer.InOrder},
	{"random", peer.InRandomOrder},
}

func batchName(order string) string {
	return fmt.Sprintf("batch/order=%s/n=%d/size=%d", order, batchLength, batchSize)
}

func batchBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, order := range batchOrders {
		indices := order.make(batchLength)
		benchmarks = append(benchmarks, timed{
			name: batchName(order.name), peers: peer.For(peer.Single), unit: batchLength, clock: harness.WallClock,
			open:   func(kind peer.Kind) harness.Workload { return newBatch(kind, batchSize, indices) },
			native: order.name, size: batchSize, threads: 1,
		}.benchmark())
	}
	return benchmarks
}

// newBatch allocates as many blocks as order has, and then frees them in that order, in one goroutine. An
// operation is the life of one block.
func newBatch(kind peer.Kind, size int, order []int32) harness.Workload {
	p := kind.Open()
	h := p.Handle()
	blocks := make([]unsafe.Pointer, len(order))
	return harness.Workload{
		Run: func(n int) {
			for ; n >= len(blocks); n -= len(blocks) {
				h.Allocate(blocks, size)
				h.Free(blocks, order, size)
			}
			// The rest of n is too short for the order. It is freed first to last.
			h.Allocate(blocks[:n], size)
			h.Free(blocks, peer.InOrder(n), size)
		},
		Live:     int64(len(blocks) * size),
		Steps:    []harness.Step{batchStep(h, size, order)},
		StepName: "allocate and touch a block, or free one",
		Close: func() {
			h.Close()
			p.Close()
		},
	}
}

// batchStep does the calls of a batch one by one.
func batchStep(h peer.Handle, size int, order []int32) harness.Step {
	blocks, next := make([]unsafe.Pointer, len(order)), 0
	return func() {
		if next < len(blocks) {
			blocks[next] = h.Malloc(size)
			peer.Touch(blocks[next], size)
		} else {
			at := order[next-len(blocks)]
			h.Release(blocks[at], size)
			blocks[at] = nil
		}
		next = (next + 1) % (2 * len(blocks))
	}
}

func batchTable() report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("Batch: ns to allocate, touch and free a block, %d blocks of %s at a time", batchLength, grid.Bytes(batchSize)),
		Pattern: "^batch/", First: "freed", Times: true, Main: true,
	}
	for _, order := range batchOrders {
		t.Lines = append(t.Lines, report.Line{Benchmark: batchName(order.name), Label: order.name})
	}
	return t
}

func batchGoals() []goal.Goal {
	var goals []goal.Goal
	for _, order := range batchOrders {
		goals = append(goals, mimallocGoals(order.name+" of 1000", batchName(order.name))...)
	}
	return goals
}
