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

// UsableSize returns the size in bytes of the block that p points to: what was
// asked for, rounded up. All of it may be used. It is 0 for nil, and panics with
// a *MisuseError if p does not point to the start of a live block of an Allocator.
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

// GoodSize returns the UsableSize, in bytes, of the block that a request of size
// bytes gets. Requests of so many bytes waste nothing. For 128 KiB and more it
// is the least that the block has. Of a guarded or checked block no more may be used
// than was asked for: who wants GoodSize bytes asks for so many.
func GoodSize(size int) int { return sizeclass.GoodSize(size) }
