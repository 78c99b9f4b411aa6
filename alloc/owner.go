package alloc

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// Owns reports whether p is the address of a block of the Allocator, live or free. For an
// address inside a block it may report either. A program whose memory comes from several
// places decides by Owns where a block is freed:
//
//	if a.Owns(p) {
//		a.Free(p) // which panics if the block is free already
//	}
//
// Owns is false for nil, for memory that was given back to the kernel, and after Close.
func (a *Allocator) Owns(p unsafe.Pointer) bool {
	id := atomic.LoadUintptr(&a.id)
	h := pagemap.HeaderOf(raw.Addr(p))
	return h != nil && id != 0 && h.Owner == id
}
