package main

import (
	"sync"
	"unsafe"

	"modernc.org/memory"
)

// moderncMutexPeer is modernc.org/memory behind one mutex, as modernc.org/libc uses it.
type moderncMutexPeer struct {
	mutex     sync.Mutex
	allocator memory.Allocator
}

type moderncMutexWorker struct{ peer *moderncMutexPeer }

func openModerncMutex() peer { return new(moderncMutexPeer) }

func (p *moderncMutexPeer) worker() worker { return &moderncMutexWorker{p} }
func (p *moderncMutexPeer) trim()          { trimModernc(&p.allocator) }
func (p *moderncMutexPeer) close()         { closeModernc(&p.allocator) }

func (w *moderncMutexWorker) Close() {}

func (w *moderncMutexWorker) Calloc(size int) unsafe.Pointer {
	w.peer.mutex.Lock()
	defer w.peer.mutex.Unlock()
	return unsafe.Add(nil, orPanic(w.peer.allocator.UintptrCalloc(size)))
}

func (w *moderncMutexWorker) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	w.peer.mutex.Lock()
	defer w.peer.mutex.Unlock()
	return unsafe.Add(nil, orPanic(w.peer.allocator.UintptrRealloc(uintptr(block), size)))
}
