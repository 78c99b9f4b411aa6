// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// Ashlar is the name of the Allocator that all goroutines share.
const Ashlar = "ashlar"

// AshlarChecked is the name of the Allocator in checked mode. It takes part in no benchmark of the
// tables: it is not a competitor, but shows what checking every block costs.
const AshlarChecked = "ashlar-checked"

// The names of the Allocators with huge pages, for dense chunks and for all. They take part only in
// the benchmarks of huge pages.
const (
	AshlarDense = "ashlar-dense"
	AshlarHuge  = "ashlar-huge"
)

func init() {
	register(Kind{
		Name: Ashlar, About: "alloc.Allocator, shared by all goroutines", Rank: 10, Ours: true,
		In:     Single | Parallel | Remote | Live | Suite,
		Open:   func() Peer { return &ashlarPeer{newAllocator(alloc.Options{})} },
		Buffer: func() Buffer { return &ashlarBuffer{allocator: newAllocator(alloc.Options{})} },
		Shared: true,
	})
	register(Kind{
		Name: AshlarChecked, About: "alloc.Allocator in checked mode; in no table", Rank: 1000,
		Open:   func() Peer { return &ashlarPeer{newAllocator(alloc.Options{Checked: true})} },
		Shared: true,
	})
	for name, huge := range map[string]alloc.HugePages{AshlarDense: alloc.HugePagesDense, AshlarHuge: alloc.HugePagesAll} {
		register(Kind{
			Name: name, About: "alloc.Allocator with huge pages; only in the benchmarks of huge pages", Rank: 1001 + int(huge),
			Open:   func() Peer { return &ashlarPeer{newAllocator(alloc.Options{HugePages: huge})} },
			Shared: true,
		})
	}
}

// ashlarPeer is ashlar's Allocator. All goroutines use it directly.
type ashlarPeer struct{ allocator *alloc.Allocator }

// ashlarHandle calls the Allocator.
//
//loop:hoist a := h.allocator
//loop:malloc p, err := a.Malloc(size)
//loop:malloc if err != nil { panic(err) }
//loop:free a.Free(BLOCK)
type ashlarHandle struct{ allocator *alloc.Allocator }

func newAllocator(o alloc.Options) *alloc.Allocator { return orPanic(alloc.NewAllocator(o)) }

func (p *ashlarPeer) Handle() Handle { return &ashlarHandle{p.allocator} }
func (p *ashlarPeer) Trim()          { p.allocator.Trim() }
func (p *ashlarPeer) Close()         { must(p.allocator.Close()) }

// Footprint returns the bytes that the Allocator says may be resident.
func (p *ashlarPeer) Footprint() int64 {
	s := p.allocator.Stats()
	return s.Footprint.Now + s.Metadata.Footprint
}

func (h *ashlarHandle) Close() {}

func (h *ashlarHandle) Calloc(size int) unsafe.Pointer {
	return orPanic(h.allocator.Calloc(1, size))
}

func (h *ashlarHandle) Memalign(align, size int) unsafe.Pointer {
	return orPanic(h.allocator.Memalign(align, size))
}

func (h *ashlarHandle) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return orPanic(h.allocator.Realloc(block, size))
}

// ashlarBuffer grows by Allocator.Realloc.
type ashlarBuffer struct {
	allocator *alloc.Allocator
	block     unsafe.Pointer
}

func (b *ashlarBuffer) Grow(size int) []byte {
	b.block = orPanic(b.allocator.Realloc(b.block, size))
	return unsafe.Slice((*byte)(b.block), size)
}

func (b *ashlarBuffer) Close() {
	b.allocator.Free(b.block)
	must(b.allocator.Close())
}
