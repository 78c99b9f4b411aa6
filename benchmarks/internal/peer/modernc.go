// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"unsafe"

	"modernc.org/memory"
)

// Modernc is the name of modernc.org/memory.
const Modernc = "modernc"

func init() {
	register(Kind{
		Name: Modernc, About: "modernc.org/memory, for one goroutine at a time", Rank: 40,
		In:     Single | Live | Suite,
		Open:   func() Peer { return &moderncPeer{new(memory.Allocator)} },
		Buffer: func() Buffer { return new(moderncBuffer) },
	})
}

// moderncPeer is modernc.org/memory as it is.
type moderncPeer struct{ allocator *memory.Allocator }

// moderncHandle calls the allocator without a lock.
//
//loop:hoist a := h.allocator
//loop:malloc address, err := a.UintptrMalloc(size)
//loop:malloc if err != nil { panic(err) }
//loop:malloc p := unsafe.Add(nil, address)
//loop:free if err := a.UintptrFree(uintptr(BLOCK)); err != nil { panic(err) }
type moderncHandle struct{ allocator *memory.Allocator }

func (p *moderncPeer) Handle() Handle { return &moderncHandle{p.allocator} }
func (p *moderncPeer) Trim()          { must(p.allocator.Trim()) }
func (p *moderncPeer) Close()         { must(p.allocator.Close()) }

func (h *moderncHandle) Close() {}

func (h *moderncHandle) Calloc(size int) unsafe.Pointer {
	return unsafe.Add(nil, orPanic(h.allocator.UintptrCalloc(size)))
}

func (h *moderncHandle) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return unsafe.Add(nil, orPanic(h.allocator.UintptrRealloc(uintptr(block), size)))
}

// moderncBuffer grows by UintptrRealloc, which copies.
type moderncBuffer struct {
	allocator memory.Allocator
	block     uintptr
}

func (b *moderncBuffer) Grow(size int) []byte {
	b.block = orPanic(b.allocator.UintptrRealloc(b.block, size))
	return unsafe.Slice((*byte)(unsafe.Add(nil, b.block)), size)
}

func (b *moderncBuffer) Close() { must(b.allocator.Close()) }
