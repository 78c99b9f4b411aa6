package suite

import (
	"time"
	"unsafe"
)

// Timed gives a worker that does what w does and tells how long one of every so many calls took, but for Close,
// of which it tells when it is over.
func Timed(w Worker, every int, tell func(time.Duration), closed func()) Worker {
	return &timedWorker{worker: w, every: every, tell: tell, closed: closed}
}

// A timedWorker has all the ways of a worker, and does as the workloads do for one that lacks some.
type timedWorker struct {
	worker Worker
	every  int
	calls  int
	tell   func(time.Duration)
	closed func()
}

func (t *timedWorker) Malloc(size int) (block unsafe.Pointer) {
	t.call(func() { block = t.worker.Malloc(size) })
	return block
}

func (t *timedWorker) Release(block unsafe.Pointer, size int) {
	t.call(func() { t.worker.Release(block, size) })
}

func (t *timedWorker) Calloc(size int) (block unsafe.Pointer) {
	t.call(func() { block = Zeroed(t.worker, size) })
	return block
}

func (t *timedWorker) Resize(block unsafe.Pointer, old, size int) (moved unsafe.Pointer) {
	t.call(func() { moved = Resized(t.worker, block, old, size) })
	return moved
}

func (t *timedWorker) Close() {
	t.worker.Close()
	t.closed()
}

func (t *timedWorker) call(f func()) {
	if t.calls++; t.calls%t.every != 0 {
		f()
		return
	}
	start := time.Now()
	f()
	t.tell(time.Since(start))
}
