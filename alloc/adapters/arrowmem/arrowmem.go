// SPDX-License-Identifier: Apache-2.0

package arrowmem

import (
	"cmp"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// alignment of all buffers, in bytes: what Arrow's format recommends, so that vector
// instructions and cache lines fit.
const alignment = 64

// An Allocator hands out Arrow's buffers. It is safe for concurrent use.
type Allocator struct{ heap *alloc.Allocator }

// New returns an Allocator that takes its memory from heap; nil means
// alloc.Default.
func New(heap *alloc.Allocator) *Allocator {
	return &Allocator{cmp.Or(heap, alloc.Default())}
}

// blockSize returns the size of the block for a buffer of size bytes. Blocks whose
// size is a multiple of the alignment lie at multiples of it: their class' blocks
// are multiples of it, too, and its spans begin with a page.
func blockSize(size int) int {
	if size < 0 {
		return size
	}
	return int((uint(size) + alignment - 1) &^ (alignment - 1)) // overflow makes it negative
}

// Allocate returns size zero bytes. Size 0 gives an empty slice, which need not be
// freed.
func (a *Allocator) Allocate(size int) []byte {
	if size == 0 {
		return []byte{}
	}
	p, err := a.heap.Calloc(1, blockSize(size))
	if err != nil {
		panic(err)
	}
	return view(p, size)
}

// Reallocate makes b size bytes long, moving it if it must, and returns it; bytes
// that are added are zero. b is not to be used afterwards. A block of which less
// than half would be used is given back.
func (a *Allocator) Reallocate(size int, b []byte) []byte {
	switch {
	case cap(b) == 0:
		return a.Allocate(size)
	case size == 0:
		a.Free(b)
		return []byte{}
	}
	p, want := unsafe.Pointer(unsafe.SliceData(b)), blockSize(size)
	if usable := alloc.UsableSize(p); want <= usable && want > usable/2 {
		resized := view(p, size)
		clear(resized[min(len(b), size):])
		return resized
	}
	p, err := a.heap.Recalloc(p, min(len(b), size), want)
	if err != nil {
		panic(err)
	}
	return view(p, size)
}

// Free takes b back. A slice of capacity 0, such as nil, is ignored.
func (a *Allocator) Free(b []byte) {
	if cap(b) > 0 {
		a.heap.Free(unsafe.Pointer(unsafe.SliceData(b)))
	}
}

// view returns the first size bytes of block p, without capacity for more: there
// are kernels of Arrow that take a capacity for a length.
func view(p unsafe.Pointer, size int) []byte { return unsafe.Slice((*byte)(p), size) }
