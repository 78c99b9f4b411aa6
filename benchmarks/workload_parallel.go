package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// newParallel is the pair workload in several goroutines, each with a ring of its own, over one peer.
//
// The goroutines take the operations in shares from one counter, so that none waits at the end for one
// that was slower, and yield between shares, so that all of them take part however short the run is.
func newParallel(kind peerKind, size, goroutines int) workload {
	p := kind.open()
	workers := make([]worker, goroutines)
	rings := make([]*ring, goroutines)
	for i := range workers {
		workers[i] = p.worker()
		rings[i] = newRing(workers[i], size)
	}
	var steps []step
	for i, w := range workers {
		steps = append(steps, func() { w.pair(rings[i], size, 1) })
	}
	return workload{
		live:     int64(goroutines * window * size),
		steps:    steps,
		stepName: pairStep,
		run: func(n int) {
			share := min(max(n/(32*goroutines), 1), 4096)
			var taken atomic.Int64
			var done sync.WaitGroup
			for i, w := range workers {
				done.Go(func() { takeShares(&taken, n, share, w, rings[i], size) })
			}
			done.Wait()
		},
		close: func() {
			for i, w := range workers {
				rings[i].drain(w, size)
				w.Close()
			}
			p.close()
		},
	}
}

// takeShares does pair operations, a share at a time, until n were taken by all goroutines together.
func takeShares(taken *atomic.Int64, n, share int, w worker, r *ring, size int) {
	for {
		start := int(taken.Add(int64(share))) - share
		if start >= n {
			return
		}
		w.pair(r, size, min(share, n-start))
		runtime.Gosched()
	}
}
