package main

// A workload is one loop over one peer, set up and warm: the main program times it, and so do the
// package's Go benchmarks.
type workload struct {
	run      func(n int) // does n operations
	close    func()      // frees everything
	live     int64       // bytes that are live at once at most; 0 where that depends on how goroutines run
	steps    []step      // single operations, to be timed; none where they cannot be told apart
	stepName string      // what a step is
}

// An operation of all workloads but grow is the life of one block: allocate, touch and free.

// newPair keeps a window of live blocks in one goroutine; each operation replaces the oldest.
func newPair(kind peerKind, size int) workload {
	p := kind.open()
	w := p.worker()
	r := newRing(w, size)
	return workload{
		run:      func(n int) { w.pair(r, size, n) },
		live:     int64(window * size),
		steps:    []step{func() { w.pair(r, size, 1) }},
		stepName: pairStep,
		close: func() {
			r.drain(w, size)
			w.Close()
			p.close()
		},
	}
}

// pairStep is what a step of pairs is.
const pairStep = "free a block, allocate and touch its successor"

// newRing makes a ring of live blocks.
func newRing(w worker, size int) *ring {
	r := new(ring)
	w.allocate(r.blocks[:], size)
	return r
}

// drain frees the blocks of the ring.
func (r *ring) drain(w worker, size int) {
	w.free(r.blocks[:], inOrder(window), size)
	clear(r.blocks[:])
}
