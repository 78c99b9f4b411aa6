package main

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// ashlarLocalPeer is ashlar through handles: a Local for each goroutine, all of one Allocator.
type ashlarLocalPeer struct{ allocator *alloc.Allocator }

type ashlarLocalWorker struct{ local *alloc.Local }

func openAshlarLocal() peer { return &ashlarLocalPeer{newAllocator()} }

func (p *ashlarLocalPeer) worker() worker { return &ashlarLocalWorker{p.allocator.NewLocal()} }
func (p *ashlarLocalPeer) trim()          { p.allocator.Trim() }
func (p *ashlarLocalPeer) close()         { closeAllocator(p.allocator) }

func (w *ashlarLocalWorker) Close() { w.local.Close() }

func (w *ashlarLocalWorker) Calloc(size int) unsafe.Pointer {
	return orPanic(w.local.Calloc(1, size))
}

func (w *ashlarLocalWorker) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return orPanic(w.local.Realloc(block, size))
}
