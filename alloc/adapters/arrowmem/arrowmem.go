// SPDX-License-Identifier: Apache-2.0

package arrowmem

import (
	"cmp"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// alignment is the alignment of all buffers in bytes. Arrow's format recommends it for vector
// instructions and cache lines.
const alignment = 64

// large is the smallest size in bytes for which Malloc aligns blocks to alignment.
const large = 128 << 10

// An Allocator hands out Arrow's buffers. It is safe for concurrent use.
type Allocator struct{ heap *alloc.Allocator }

// New returns an Allocator that takes its memory from heap; nil means
// alloc.Default.
func New(heap *alloc.Allocator) *Allocator {
	return &Allocator{cmp.Or(heap, alloc.Default())}
}

// Allocate returns size zeroed bytes, aligned to 64 bytes. Size 0 gives an empty slice, which
// need not be freed. It panics with an *alloc.Error if there is no memory.
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

// block returns a zeroed block of size bytes.
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

// Reallocate makes b size bytes long, moves it if necessary, and returns it. Added bytes are
// zero. An access to the old slice reads or writes freed memory. If b becomes shorter, it
// keeps its block and its capacity, as with Arrow's own allocators: a builder that was resized
// to fewer elements continues to use the bytes beyond them.
func (a *Allocator) Reallocate(size int, b []byte) []byte {
	if cap(b) == 0 {
		return a.Allocate(size)
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	usable := alloc.UsableSize(p) // panics if b is not a live buffer
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

// move resizes block p, of usable bytes, to size bytes. The bytes after the first kept bytes
// are zero.
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

// Free frees b. It ignores a slice of capacity 0, such as nil. It panics with an
// *alloc.MisuseError if b is not a live buffer.
func (a *Allocator) Free(b []byte) {
	if cap(b) > 0 {
		a.heap.Free(unsafe.Pointer(unsafe.SliceData(b)))
	}
}

// view returns the first size bytes of block p, without further capacity, because some of
// Arrow's functions use the capacity as the length.
func view(p unsafe.Pointer, size int) []byte { return unsafe.Slice((*byte)(p), size) }
