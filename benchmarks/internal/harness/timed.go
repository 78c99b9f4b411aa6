// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"runtime"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
)

// A Timed sampler times a workload, in nanoseconds for each operation.
type Timed struct {
	Open         func() Workload
	Clock        Clock
	Unit         int  // operations come in multiples of this
	Litter       bool // the workload makes garbage
	AnotherClock bool // another benchmark has the same workload by the wall clock: no metrics are taken

	workload Workload // set up by Prepare
	ops      int      // of one sample
}

// maxOps bounds a sample if the clock is too coarse to see the operations.
const maxOps = 1 << 30

// Prepare sets the workload up and measures twice how many operations fit into the time: the first count is
// of a cold start.
func (t *Timed) Prepare(d time.Duration) error {
	t.workload = t.Open()
	t.calibrate(d)
	t.warmUp()
	t.calibrate(d)
	return nil
}

func (t *Timed) calibrate(d time.Duration) {
	n := max(t.Unit, peer.Window)
	elapsed := t.time(n)
	for elapsed < d/4 && n < maxOps {
		n *= 4
		elapsed = t.time(n)
	}
	ops := int(float64(n) * float64(d) / float64(max(elapsed, 1)))
	t.ops = (ops/t.Unit + 1) * t.Unit
}

// Sample starts with the collector at rest, so that no peer pays for the garbage of another, and with the
// peer warmed up.
func (t *Timed) Sample() (float64, error) {
	runtime.GC()
	t.warmUp()
	return float64(t.time(t.ops)) / float64(t.ops), nil
}

// warmUp brings the peer's memory back into the processor's caches. After a forced collection the runtime may
// return free memory to the kernel, and the next operations would pay page faults. So if there is garbage,
// warmUp brings the heap back to the size at which it settles between two collections.
func (t *Timed) warmUp() {
	const cycles, patience = 2, 32
	share := t.ops/8 + 1
	t.workload.Run(share)
	if !t.Litter {
		return
	}
	start := collections()
	for range patience {
		if collections() >= start+cycles {
			return
		}
		t.workload.Run(share)
	}
}

// collections is how many collections the process has done.
func collections() uint32 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.NumGC
}

func (t *Timed) time(n int) time.Duration {
	start := t.Clock()
	t.workload.Run(n)
	return t.Clock() - start
}

// Close frees the workload.
func (t *Timed) Close() { t.workload.Close() }
