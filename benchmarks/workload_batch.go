package main

import "unsafe"

// batchLength is how many blocks a batch workload holds at most.
const batchLength = 1000

// newBatch allocates as many blocks as order has, then frees them in that order, in one goroutine.
func newBatch(kind peerKind, size int, order []int32) workload {
	p := kind.open()
	w := p.worker()
	blocks := make([]unsafe.Pointer, len(order))
	return workload{
		run: func(n int) {
			for ; n >= len(blocks); n -= len(blocks) {
				w.allocate(blocks, size)
				w.free(blocks, order, size)
			}
			// What is left of n is too few for the order; it is freed first to last.
			w.allocate(blocks[:n], size)
			w.free(blocks, inOrder(n), size)
		},
		live:     int64(len(blocks) * size),
		steps:    []step{batchStep(w, size, order)},
		stepName: "allocate and touch a block, or free one",
		close: func() {
			w.Close()
			p.close()
		},
	}
}

// batchStep does the calls of a batch one by one.
func batchStep(w worker, size int, order []int32) step {
	blocks, next := make([]unsafe.Pointer, len(order)), 0
	return func() {
		if next < len(blocks) {
			blocks[next] = w.Malloc(size)
			touch(blocks[next], size)
		} else {
			at := order[next-len(blocks)]
			w.Release(blocks[at], size)
			blocks[at] = nil
		}
		next = (next + 1) % (2 * len(blocks))
	}
}
