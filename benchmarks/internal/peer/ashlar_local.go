// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// AshlarLocal is the name of ashlar used through Locals.
const AshlarLocal = "ashlar-local"

func init() {
	register(Kind{
		Name: AshlarLocal, About: "alloc.Local, one for each goroutine", Rank: 20, Ours: true,
		In:     Single | Parallel | Remote | Suite,
		Open:   func() Peer { return &ashlarLocalPeer{newAllocator(alloc.Options{})} },
		Shared: true,
	})
}

// ashlarLocalPeer gives each goroutine a Local of one Allocator.
type ashlarLocalPeer struct{ allocator *alloc.Allocator }

// ashlarLocalHandle calls a Local.
//
//loop:hoist a := h.local
//loop:malloc p, err := a.Malloc(size)
//loop:malloc if err != nil { panic(err) }
//loop:free a.Free(BLOCK)
type ashlarLocalHandle struct{ local *alloc.Local }

func (p *ashlarLocalPeer) Handle() Handle { return &ashlarLocalHandle{p.allocator.NewLocal()} }
func (p *ashlarLocalPeer) Trim()          { p.allocator.Trim() }
func (p *ashlarLocalPeer) Close()         { must(p.allocator.Close()) }

func (h *ashlarLocalHandle) Close() { h.local.Close() }

func (h *ashlarLocalHandle) Calloc(size int) unsafe.Pointer {
	return orPanic(h.local.Calloc(1, size))
}

func (h *ashlarLocalHandle) Memalign(align, size int) unsafe.Pointer {
	return orPanic(h.local.Memalign(align, size))
}

func (h *ashlarLocalHandle) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return orPanic(h.local.Realloc(block, size))
}
