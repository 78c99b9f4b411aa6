// SPDX-License-Identifier: Apache-2.0

package arrowmem

import (
	"cmp"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// alignment of all buffers, in bytes: what Arrow's format recommends, so that vector
// instructions and cache lines fit.
const alignment = 64

// large is the size in bytes from which on Malloc aligns blocks so, too.
const large = 128 << 10

// An Allocator hands out Arrow's buffers. It is safe for concurrent use.
type Allocator struct{ heap *alloc.Allocator }

// New returns an Allocator that takes its memory from heap; nil means
// alloc.Default.
func New(heap *alloc.Allocator) *Allocator {
	return &Allocator{cmp.Or(heap, alloc.Default())}
}

// Allocate returns size zero bytes. Size 0 gives an empty slice, which need not be
// freed.
func (a *Allocator) Allocate(size int) []byte {
	if size == 0 {
		return []byte{}
	}
	p, err := a.block(size)
	if err != nil {
		panic(err)
	}
	return view(p, size)
}

// block returns a zero block of size bytes.
func (a *Allocator) block(size int) (unsafe.Pointer, error) {
	if size >= large {
		return a.heap.Calloc(1, size)
	}
	p, err := a.heap.Memalign(alignment, size)
	if err == nil {
		raw.ClearSlice(view(p, size))
	}
	return p, err
}

// Reallocate makes b size bytes long, moving it if necessary, and returns it; bytes
// that are added are zero. b must not be used afterwards. A b that becomes shorter keeps
// its block and its capacity, as with Arrow's own allocators: a builder that was resized
// to fewer elements goes on to use what lies beyond.
func (a *Allocator) Reallocate(size int, b []byte) []byte {
	if cap(b) == 0 {
		return a.Allocate(size)
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	usable := alloc.UsableSize(p) // panics if b is no live buffer
	switch {
	case 0 <= size && size <= cap(b):
		b, old := b[:size], len(b)
		raw.ClearSlice(b[min(old, size):])
		return b
	case 0 <= size && size <= usable:
		raw.ClearSlice(view(p, size)[len(b):])
	default:
		var err error
		if p, err = a.move(p, len(b), usable, size); err != nil {
			panic(err)
		}
	}
	return view(p, size)
}

// move resizes block p, of usable bytes, to size bytes. All is zero beyond the first
// kept bytes.
func (a *Allocator) move(p unsafe.Pointer, kept, usable, size int) (unsafe.Pointer, error) {
	if usable >= large { // the kernel moves its pages, to a multiple of the alignment
		return a.heap.Recalloc(p, kept, size)
	}
	q, err := a.block(size)
	if err == nil {
		copy(view(q, kept), view(p, kept))
		a.heap.Free(p)
	}
	return q, err
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
