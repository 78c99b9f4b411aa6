package main

import (
	"unsafe"

	"modernc.org/memory"
)

// moderncPeer is modernc.org/memory as it is: for one goroutine at a time.
type moderncPeer struct{ allocator *memory.Allocator }

type moderncWorker struct{ allocator *memory.Allocator }

func openModernc() peer { return &moderncPeer{new(memory.Allocator)} }

func (p *moderncPeer) worker() worker { return &moderncWorker{p.allocator} }
func (p *moderncPeer) trim()          { trimModernc(p.allocator) }
func (p *moderncPeer) close()         { closeModernc(p.allocator) }

func (w *moderncWorker) Close() {}

func (w *moderncWorker) Calloc(size int) unsafe.Pointer {
	return unsafe.Add(nil, orPanic(w.allocator.UintptrCalloc(size)))
}

func (w *moderncWorker) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return unsafe.Add(nil, orPanic(w.allocator.UintptrRealloc(uintptr(block), size)))
}

func trimModernc(a *memory.Allocator) {
	if err := a.Trim(); err != nil {
		panic(err)
	}
}

func closeModernc(a *memory.Allocator) {
	if err := a.Close(); err != nil {
		panic(err)
	}
}
