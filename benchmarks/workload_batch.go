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
		close: func() {
			w.Close()
			p.close()
		},
	}
}
