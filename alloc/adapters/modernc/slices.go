// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// Malloc returns a slice of size bytes in a block of its own; its capacity is the
// block's usable size. Its contents are unspecified. Size 0 gives nil; a negative
// size panics.
//
// The slice may be cut at its end. What the built-in append returns may be a slice
// of the Go heap and must not be passed to Free or Realloc.
func (a *Allocator) Malloc(size int) ([]byte, error) {
	p, err := a.UnsafeMalloc(size)
	return view(p, size), err
}

// Calloc is Malloc, but the size bytes are zero.
func (a *Allocator) Calloc(size int) ([]byte, error) {
	p, err := a.UnsafeCalloc(size)
	return view(p, size), err
}

// Realloc makes b, a slice from this Allocator or one of capacity 0, size bytes
// long, moving it if it must. It is UnsafeRealloc otherwise: b is not to be used
// afterwards, unless an error is returned.
func (a *Allocator) Realloc(b []byte, size int) ([]byte, error) {
	p, err := a.UnsafeRealloc(start(b), size)
	if err != nil {
		return nil, err
	}
	return view(p, size), nil
}

// Free takes the block of b back. A slice of capacity 0 has none and is ignored.
func (a *Allocator) Free(b []byte) error { return a.UnsafeFree(start(b)) }

// start returns the block of b, nil if it has none.
func start(b []byte) unsafe.Pointer {
	if cap(b) == 0 {
		return nil
	}
	return unsafe.Pointer(unsafe.SliceData(b))
}

// view returns the first size bytes of block p, with all of it as the capacity.
func view(p unsafe.Pointer, size int) []byte {
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(p), alloc.UsableSize(p))[:size]
}
