// SPDX-License-Identifier: Apache-2.0

//go:build unix

package peer

import (
	"unsafe"

	"github.com/fmstephe/memorymanager/offheap"
)

func init() {
	register(Kind{
		Name: "memorymanager", About: "github.com/fmstephe/memorymanager, whose references are kept in headers", Rank: 110,
		In:     Suite,
		Open:   func() Peer { return &memorymanagerPeer{offheap.New()} },
		Shared: true, MaxBlock: 32 << 20,
	})
}

// memorymanagerPeer is github.com/fmstephe/memorymanager. It frees a block by a reference of 32 bytes.
// A header before the block keeps the reference, so that the address alone leads to it.
type memorymanagerPeer struct{ store *offheap.Store }

// memorymanagerHandle calls the store.
//
//loop:hoist a := h.store
//loop:malloc p := referenceMalloc(a, size)
//loop:free referenceFree(a, BLOCK)
type memorymanagerHandle struct{ store *offheap.Store }

type reference = offheap.RefSlice[byte]

const referenceSize = int(unsafe.Sizeof(reference{})) // bytes

func (p *memorymanagerPeer) Handle() Handle { return &memorymanagerHandle{p.store} }
func (p *memorymanagerPeer) Trim()          {}
func (p *memorymanagerPeer) Close()         { must(p.store.Destroy()) }

func (h *memorymanagerHandle) Close() {}

func referenceMalloc(s *offheap.Store, size int) unsafe.Pointer {
	r := offheap.AllocSlice[byte](s, referenceSize+size, referenceSize+size)
	start := unsafe.Pointer(unsafe.SliceData(r.Value()))
	*(*reference)(start) = r
	return unsafe.Add(start, referenceSize)
}

func referenceFree(s *offheap.Store, block unsafe.Pointer) {
	offheap.FreeSlice(s, *(*reference)(unsafe.Add(block, -referenceSize)))
}
