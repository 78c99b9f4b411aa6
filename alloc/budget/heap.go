// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"runtime/debug"
	"runtime/metrics"
)

// A goHeap is the part of the Go runtime that a Balancer uses. Tests replace it.
type goHeap interface {
	use() (held, needed int64)        // bytes that the memory limit counts, and the part that is not garbage
	setLimit(bytes int64) (was int64) // a negative value only reads the limit
	collect()                         // collects, and gives free memory back to the kernel
}

// runtimeHeap is the goHeap of the Go runtime.
type runtimeHeap struct{}

func (runtimeHeap) setLimit(bytes int64) int64 { return debug.SetMemoryLimit(bytes) }

func (runtimeHeap) collect() { debug.FreeOSMemory() }

// use returns as held the bytes that the limit counts by the documentation of
// debug.SetMemoryLimit. needed is held without free pages and without objects that were
// allocated after the last collection. These count as garbage until the next collection
// finds them live.
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
