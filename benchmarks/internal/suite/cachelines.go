// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"
)

func init() { register(60, cacheThrash(), cacheScratch()) }

const (
	lineObjects = 20        // of a goroutine
	lineWrites  = 2_000_000 // to the objects of all goroutines that live at once
)

// cacheThrash is a benchmark of Hoard's (Berger and others, "Hoard: A Scalable Memory Allocator for
// Multithreaded Applications", ASPLOS 2000) as mimalloc-bench runs it: cache-thrash P 1000 1 2000000 P.
// Each thread allocates an object of one byte, writes to it and frees it, a thousand times. If objects of
// different threads share a cache line, the writes are slow. Here there are a fiftieth of the objects.
func cacheThrash() *Workload { return cacheLines("cache-thrash", false) }

// cacheScratch is the same, but each thread first frees an object that the first thread allocated together
// with the objects for the other threads. It shows passive false sharing: the allocator hands the freed
// object out again beside its neighbours.
func cacheScratch() *Workload { return cacheLines("cache-scratch", true) }

func cacheLines(name string, given bool) *Workload {
	return &Workload{
		Name:       name,
		Goroutines: []int{1, 2},
		Largest:    1,
		MaxLive:    16,
		Operation:  "write",
		parameters: func(goroutines int, scale float64) string {
			return fmt.Sprintf("%d objects of 1 B a goroutine, %d writes to each", scaled(lineObjects, scale), lineWrites/goroutines)
		},
		prepare: func(t *Team) func() {
			gifts := make([]block, len(t.workers))
			return func() {
				if given {
					for i := range gifts {
						gifts[i] = t.workers[0].alloc(1)
					}
				}
				var started atomic.Int32
				t.each(func(w *worker) {
					started.Add(1)
					for started.Load() < int32(len(t.workers)) { // lines are contended only by those that run at once
						runtime.Gosched()
					}
					w.free(gifts[w.index])
					w.writeLines(t.rounds(lineObjects), lineWrites/len(t.workers))
				})
			}
		},
	}
}

func (w *worker) writeLines(objects, writes int) {
	for range objects {
		b := w.alloc(1)
		increment(b.address, writes)
		b.tag += byte(writes)
		w.free(b)
	}
	w.ops = objects * writes
}

// increment is a loop of loads and stores.
//
//go:noinline
func increment(p unsafe.Pointer, n int) {
	for range n {
		*(*byte)(p)++
	}
}
