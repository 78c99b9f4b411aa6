// SPDX-License-Identifier: Apache-2.0

//go:build cgo && cgopeer

package peer

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/cmalloc"
)

func init() {
	register(Kind{
		Name: Cgo, About: "malloc of C, called through cgo", Rank: 800,
		Open:   func() Peer { return cgoPeer{} },
		Shared: true,
	})
}

// cgoPeer is malloc of C, called through cgo. LD_PRELOAD decides which allocator that is.
type cgoPeer struct{}

// cgoHandle calls C.
//
//loop:malloc p := cmalloc.Malloc(size)
//loop:free cmalloc.Free(BLOCK)
type cgoHandle struct{}

func (cgoPeer) Handle() Handle { return &cgoHandle{} }
func (cgoPeer) Trim()          {}
func (cgoPeer) Close()         {}

func (h *cgoHandle) Close() {}

func (h *cgoHandle) Calloc(size int) unsafe.Pointer { return cmalloc.Calloc(size) }

func (h *cgoHandle) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return cmalloc.Realloc(block, size)
}
