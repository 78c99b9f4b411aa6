//go:build unix

package main

import (
	"unsafe"

	"github.com/fmstephe/memorymanager/offheap"
)

// memorymanagerPeer is github.com/fmstephe/memorymanager, whose blocks are freed by references of 32 bytes. A
// header in front of the block keeps its reference, which the address alone then leads to.
type memorymanagerPeer struct{ store *offheap.Store }

type memorymanagerWorker struct{ store *offheap.Store }

type reference = offheap.RefSlice[byte]

const referenceSize = int(unsafe.Sizeof(reference{}))

var memorymanagerKinds = []peerKind{{name: "memorymanager", open: openMemorymanager, shared: true, size: 32 << 20}}

func openMemorymanager() peer { return &memorymanagerPeer{offheap.New()} }

func (p *memorymanagerPeer) worker() worker { return &memorymanagerWorker{p.store} }
func (p *memorymanagerPeer) trim()          {}
func (w *memorymanagerWorker) Close()       {}

func (p *memorymanagerPeer) close() {
	if err := p.store.Destroy(); err != nil {
		panic(err)
	}
}

func referenceMalloc(s *offheap.Store, size int) unsafe.Pointer {
	r := offheap.AllocSlice[byte](s, referenceSize+size, referenceSize+size)
	start := unsafe.Pointer(unsafe.SliceData(r.Value()))
	*(*reference)(start) = r
	return unsafe.Add(start, referenceSize)
}

func referenceFree(s *offheap.Store, block unsafe.Pointer) {
	offheap.FreeSlice(s, *(*reference)(unsafe.Add(block, -referenceSize)))
}
