// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// UsableSize returns the size of the block at p in bytes: the requested size, rounded up. All
// of it may be used. For nil it returns 0. It panics with a *MisuseError if p is not the start
// of a live block of an Allocator.
func UsableSize(p unsafe.Pointer) int {
	addr := raw.Addr(p)
	if addr == 0 {
		return 0
	}
	if n, ok := checkedSize(addr); ok {
		return n
	}
	d := pagemap.Get(addr)
	if d == 0 {
		panic(inspect(opUsableSize, addr, 0))
	}
	h := headerAt(d)
	if h.IsLarge(addr) && largeheap.Descriptor(d).IsLive() {
		return int(largeheap.Descriptor(d).Usable())
	}
	if n, ok := guardedSize(d, addr); ok {
		return n
	}
	i := h.Index(addr)
	if h.Kind != pagemap.Span || !h.Owns(i, addr, h.Owner) || !smallheap.IsLive(*smallheap.StateOf(d, i)) {
		panic(inspect(opUsableSize, addr, 0))
	}
	return int(h.Size)
}

// GoodSize returns the UsableSize, in bytes, of a block for a request of size bytes.
// Requesting GoodSize bytes wastes nothing. From 128 KiB on a block may be larger than
// GoodSize.
//
// Guarded and checked blocks have exactly the size requested. To use GoodSize bytes, request
// GoodSize bytes.
func GoodSize(size int) int { return sizeclass.GoodSize(size) }
