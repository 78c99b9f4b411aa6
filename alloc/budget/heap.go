// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"runtime/debug"
	"runtime/metrics"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// A goHeap is the part of the Go runtime that a Balancer uses. Tests replace it.
type goHeap interface {
	use() goUse
	setLimit(bytes int64) (was int64) // a negative value only reads the limit
	collect()                         // collects, and gives free memory back to the kernel
}

// goUse says what the memory limit of the Go heap counts, in bytes.
type goUse struct {
	held   int64 // what the limit counts, without blocks
	needed int64 // the part of held that is neither free nor garbage
	blocks int64 // memory for the blocks of allocators, where it is Go memory; it is counted, too
}

// runtimeHeap is the goHeap of the Go runtime. Only one goroutine may call use at a time.
type runtimeHeap struct {
	cycles uint64 // collections until the last use
	blocks int64  // at the last use
	old    int64  // blocks that the last collection has seen, at least
}

func (*runtimeHeap) setLimit(bytes int64) int64 { return debug.SetMemoryLimit(bytes) }

func (*runtimeHeap) collect() { debug.FreeOSMemory() }

// use counts what the limit counts by the documentation of debug.SetMemoryLimit. Objects that were
// allocated after the last collection count as garbage until the next collection finds them
// live, except for memory for blocks.
func (h *runtimeHeap) use() goUse {
	samples := [...]metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	blocks := vm.GoMemory() // before the rest: more of it counts as the Go heap, rather than less
	metrics.Read(samples[:])
	n := func(i int) int64 { return int64(samples[i].Value.Uint64()) }
	if cycles := samples[5].Value.Uint64(); cycles != h.cycles {
		h.cycles, h.old = cycles, h.blocks
	}
	h.blocks = blocks
	held := n(0) - n(1) - blocks
	garbage := max(n(3)-n(4)-(blocks-h.old), 0)
	return goUse{held: held, needed: max(held-n(2)-garbage, 0), blocks: blocks}
}
