// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"runtime/debug"
	"runtime/metrics"
)

// A goHeap is what a Balancer asks of the Go runtime; tests have one of their own.
type goHeap interface {
	use() (held, needed int64)        // bytes that count for the memory limit; of them those that are no garbage
	setLimit(bytes int64) (was int64) // negative only asks
	collect()                         // collects, and gives back what is free
}

// runtimeHeap is the Go runtime's.
type runtimeHeap struct{}

func (runtimeHeap) setLimit(bytes int64) int64 { return debug.SetMemoryLimit(bytes) }

func (runtimeHeap) collect() { debug.FreeOSMemory() }

// use returns as held what the documentation of debug.SetMemoryLimit names as counted,
// and as needed that without free pages and without the objects beyond those that the
// last collection found live. Objects allocated since count as garbage: if they are
// not, the next collection tells.
func (runtimeHeap) use() (held, needed int64) {
	samples := [...]metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(samples[:])
	n := func(i int) int64 { return int64(samples[i].Value.Uint64()) }
	held = n(0) - n(1)
	return held, held - n(2) - max(n(3)-n(4), 0)
}
