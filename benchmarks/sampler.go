package main

import (
	"runtime"
	"time"
)

// A sampler takes samples of one peer in one row.
type sampler interface {
	// prepare warms up and settles how many operations make a sample of about the given time.
	prepare(d time.Duration) error
	// sample measures once, in the unit of the row.
	sample() (float64, error)
	// close frees what the sampler holds.
	close()
}

// A timedSampler times a workload, in nanoseconds per operation.
type timedSampler struct {
	workload     // set up by prepare
	open         func() workload
	clock        clock
	unit         int  // operations come in multiples of this
	litter       bool // the workload makes garbage
	anotherClock bool // another row has the same workload by the wall clock
	ops          int  // of one sample
}

// mostOps bounds a sample where the clock is too coarse to see the operations.
const mostOps = 1 << 30

// prepare sets the workload up and measures twice how many operations fit: the first count is of a cold
// start.
func (t *timedSampler) prepare(d time.Duration) error {
	t.workload = t.open()
	t.calibrate(d)
	t.warmUp()
	t.calibrate(d)
	return nil
}

func (t *timedSampler) calibrate(d time.Duration) {
	n := max(t.unit, window)
	elapsed := t.time(n)
	for elapsed < d/4 && n < mostOps {
		n *= 4
		elapsed = t.time(n)
	}
	ops := int(float64(n) * float64(d) / float64(max(elapsed, 1)))
	t.ops = (ops/t.unit + 1) * t.unit
}

// sample starts with the collector at rest, so that no peer pays for the garbage of another, and then
// with the peer in its stride.
func (t *timedSampler) sample() (float64, error) {
	runtime.GC()
	t.warmUp()
	return float64(t.time(t.ops)) / float64(t.ops), nil
}

// warmUp brings the peer's memory back into the processor's caches. A forced collection leaves a heap
// whose free memory the runtime may give back to the kernel, which would cost the next operations page
// faults; so where there is garbage, the heap is first brought back to the size between two collections
// at which it settles.
func (t *timedSampler) warmUp() {
	const cycles, patience = 2, 32
	share := t.ops/8 + 1
	t.run(share)
	if !t.litter {
		return
	}
	start := collections()
	for range patience {
		if collections() >= start+cycles {
			return
		}
		t.run(share)
	}
}

// collections is how many collections the process has done.
func collections() uint32 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.NumGC
}

func (t *timedSampler) time(n int) time.Duration {
	start := t.clock()
	t.run(n)
	return t.clock() - start
}

func (t *timedSampler) close() { t.workload.close() }
