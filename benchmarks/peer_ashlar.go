package main

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// ashlarPeer is ashlar's Allocator, used directly by all goroutines.
type ashlarPeer struct{ allocator *alloc.Allocator }

type ashlarWorker struct{ allocator *alloc.Allocator }

func openAshlar() peer { return &ashlarPeer{newAllocator()} }

func newAllocator() *alloc.Allocator {
	a, err := alloc.NewAllocator(alloc.Options{})
	if err != nil {
		panic(err)
	}
	return a
}

func (p *ashlarPeer) worker() worker { return &ashlarWorker{p.allocator} }
func (p *ashlarPeer) trim()          { p.allocator.Trim() }
func (p *ashlarPeer) close()         { closeAllocator(p.allocator) }

func (w *ashlarWorker) Close() {}

func (w *ashlarWorker) Calloc(size int) unsafe.Pointer {
	return orPanic(w.allocator.Calloc(1, size))
}

func (w *ashlarWorker) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return orPanic(w.allocator.Realloc(block, size))
}

// orPanic is for lack of memory, which ends a measurement.
func orPanic[T any](block T, err error) T {
	if err != nil {
		panic(err)
	}
	return block
}

func closeAllocator(a *alloc.Allocator) {
	if err := a.Close(); err != nil {
		panic(err)
	}
}
