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
	register(40, harness.Family{
		Family: report.Family{
			Name: "remote",
			About: "one goroutine allocates batches of 1000 blocks and another frees them, with up to 8 batches between them; " +
				"and the same batches in one goroutine",
			Tables: func(*result.Document) []report.Table { return []report.Table{remoteTable(), remoteRatioTable()} },
			Goals:  []goal.Goal{goal.Alone("freed by another goroutine: time to a local pair's", remoteRatio, peer.Ashlar, goal.AtMost, 2)},
		},
		Benchmarks: remoteBenchmarks,
		Derive:     deriveRemote,
	})
}

// remoteSize is the size of the blocks that one goroutine allocates and another frees, in bytes.
const remoteSize = 64

// The benchmarks, and the figures derived from them.
const (
	localWall   = "remote/free=local/clock=wall"
	localCPU    = "remote/free=local/clock=cpu"
	remoteWall  = "remote/free=remote/clock=wall"
	remoteCPU   = "remote/free=remote/clock=cpu"
	remoteRatio = "remote/remote-to-local/clock=wall"
	cpuRatio    = "remote/remote-to-local/clock=cpu"
)

func remoteBenchmarks(*harness.Options) []harness.Benchmark {
	local := func(kind peer.Kind) harness.Workload { return newLocalBatches(kind, remoteSize) }
	remote := func(kind peer.Kind) harness.Workload { return newRemote(kind, remoteSize) }
	shapes := []timed{
		{name: localWall, native: "local", clock: harness.WallClock, open: local},
		{name: remoteWall, native: "remote", clock: harness.WallClock, open: remote},
	}
	if harness.CPUClockSupported {
		shapes = append(shapes,
			timed{name: localCPU, clock: harness.CPUClock, open: local, anotherClock: true},
			timed{name: remoteCPU, clock: harness.CPUClock, open: remote, anotherClock: true})
	}
	var benchmarks []harness.Benchmark
	for _, shape := range shapes {
		shape.peers, shape.unit, shape.processors = peer.For(peer.Remote), batchLength, processors
		shape.size, shape.threads = remoteSize, 1
		benchmarks = append(benchmarks, shape.benchmark())
	}
	return benchmarks
}

// remoteFlight is how many batches can be between producer and consumer: enough that neither waits for the
// other at each batch.
const remoteFlight = 8

// newRemote allocates and touches batches of blocks in one goroutine and frees them in another. The slices
// that carry the batches go back and are used again.
func newRemote(kind peer.Kind, size int) harness.Workload {
	p := kind.Open()
	producer, consumer := p.Handle(), p.Handle()
	empty, full := newBatches(), make(chan []unsafe.Pointer, remoteFlight)
	order := peer.InOrder(batchLength)
	return harness.Workload{
		Run: func(n int) {
			go produce(producer, empty, full, size, n)
			for freed := 0; freed < n; {
				batch := <-full
				consumer.Free(batch, order[:len(batch)], size)
				freed += len(batch)
				empty <- batch[:cap(batch)]
			}
		},
		Close: func() {
			producer.Close()
			consumer.Close()
			p.Close()
		},
	}
}

// produce sends n blocks in batches.
func produce(h peer.Handle, empty <-chan []unsafe.Pointer, full chan<- []unsafe.Pointer, size, n int) {
	for n > 0 {
		batch := <-empty
		batch = batch[:min(n, len(batch))]
		h.Allocate(batch, size)
		full <- batch
		n -= len(batch)
	}
}

// newLocalBatches does the same work as newRemote, with the same slices and channels, in one goroutine.
func newLocalBatches(kind peer.Kind, size int) harness.Workload {
	p := kind.Open()
	h := p.Handle()
	batches := newBatches()
	order := peer.InOrder(batchLength)
	return harness.Workload{
		Run: func(n int) {
			for n > 0 {
				batch := <-batches
				blocks := batch[:min(n, len(batch))]
				h.Allocate(blocks, size)
				h.Free(blocks, order[:len(blocks)], size)
				n -= len(blocks)
				batches <- batch
			}
		},
		Close: func() {
			h.Close()
			p.Close()
		},
	}
}

func newBatches() chan []unsafe.Pointer {
	batches := make(chan []unsafe.Pointer, remoteFlight)
	for range remoteFlight {
		batches <- make([]unsafe.Pointer, batchLength)
	}
	return batches
}

// deriveRemote compares the remote frees with the local ones.
func deriveRemote(r *result.Results) {
	r.DeriveRatio(remoteRatio, remoteWall, localWall)
	r.DeriveRatio(cpuRatio, remoteCPU, localCPU)
}

func remoteTable() report.Table {
	return report.Table{
		Title:   fmt.Sprintf("Remote: ns for a block of %s, in batches of %d", grid.Bytes(remoteSize), batchLength),
		Pattern: "^remote/", First: "freed by", Times: true,
		Lines: []report.Line{
			{Benchmark: localWall, Label: "the same goroutine"},
			{Benchmark: remoteWall, Label: "another goroutine"},
			{Benchmark: localCPU, Label: "the same, processor time"},
			{Benchmark: remoteCPU, Label: "another, processor time"},
		},
		Notes: []string{"between two goroutines the work runs on two processors at once; the processor time counts both, and their waiting for each other"},
	}
}

func remoteRatioTable() report.Table {
	return report.Table{
		Title: "Remote frees beside local ones, from the table above", Pattern: "^remote/", First: "ratio",
		Lines: []report.Line{
			{Benchmark: remoteRatio, Label: "freed by another goroutine ÷ the same"},
			{Benchmark: cpuRatio, Label: "the same, processor time"},
		},
	}
}
