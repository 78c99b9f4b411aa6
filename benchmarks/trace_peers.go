package main

import "unsafe"

// Only traces ask for aligned blocks.

func (w *ashlarWorker) Memalign(align, size int) unsafe.Pointer {
	return orPanic(w.allocator.Memalign(align, size))
}

func (w *ashlarLocalWorker) Memalign(align, size int) unsafe.Pointer {
	return orPanic(w.local.Memalign(align, size))
}
