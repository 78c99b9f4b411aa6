package main

import "unsafe"

// remoteFlight is how many batches are on their way between producer and consumer: enough that
// neither waits for the other at each of them.
const remoteFlight = 8

// newRemote has one goroutine allocate and touch batches of blocks and another free them. The slices
// that carry the batches go back and are used again.
func newRemote(kind peerKind, size int) workload {
	p := kind.open()
	producer, consumer := p.worker(), p.worker()
	empty, full := newBatches(), make(chan []unsafe.Pointer, remoteFlight)
	order := inOrder(batchLength)
	return workload{
		run: func(n int) {
			go produce(producer, empty, full, size, n)
			for freed := 0; freed < n; {
				batch := <-full
				consumer.free(batch, order[:len(batch)], size)
				freed += len(batch)
				empty <- batch[:cap(batch)]
			}
		},
		close: func() {
			producer.Close()
			consumer.Close()
			p.close()
		},
	}
}

// produce sends n blocks in batches.
func produce(w worker, empty <-chan []unsafe.Pointer, full chan<- []unsafe.Pointer, size, n int) {
	for n > 0 {
		batch := <-empty
		batch = batch[:min(n, len(batch))]
		w.allocate(batch, size)
		full <- batch
		n -= len(batch)
	}
}

// newLocalBatches does the same work as newRemote, with the same slices and channels, in one goroutine.
func newLocalBatches(kind peerKind, size int) workload {
	p := kind.open()
	w := p.worker()
	batches := newBatches()
	order := inOrder(batchLength)
	return workload{
		run: func(n int) {
			for n > 0 {
				batch := <-batches
				blocks := batch[:min(n, len(batch))]
				w.allocate(blocks, size)
				w.free(blocks, order[:len(blocks)], size)
				n -= len(blocks)
				batches <- batch
			}
		},
		close: func() {
			w.Close()
			p.close()
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
