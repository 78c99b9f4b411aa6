// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// Malloc returns a slice of size bytes in a block of its own. Its capacity is the usable size
// of the block, and its contents are unspecified. Size 0 gives nil, and a negative size
// panics.
//
// The slice may be cut at its end. Free and Realloc panic with an *alloc.MisuseError for a
// slice of the Go heap, which the built-in append may return.
func (a *Allocator) Malloc(size int) ([]byte, error) {
	p, err := a.UnsafeMalloc(size)
	return view(p, size), err
}

// Calloc does what Malloc does, and zeroes the bytes.
func (a *Allocator) Calloc(size int) ([]byte, error) {
	p, err := a.UnsafeCalloc(size)
	return view(p, size), err
}

// Realloc makes b size bytes long, and moves it if necessary. b is a slice from this
// Allocator, or has capacity 0. Unless Realloc returns an error, an access to the old slice
// reads or writes freed memory. Otherwise Realloc does what UnsafeRealloc does.
func (a *Allocator) Realloc(b []byte, size int) ([]byte, error) {
	p, err := a.UnsafeRealloc(start(b), size)
	if err != nil {
		return nil, err
	}
	return view(p, size), nil
}

// Free frees the block of b. It ignores a slice of capacity 0, which has no block.
func (a *Allocator) Free(b []byte) error { return a.UnsafeFree(start(b)) }

// start returns the block of b, or nil if b has no block.
func start(b []byte) unsafe.Pointer {
	if cap(b) == 0 {
		return nil
	}
	return unsafe.Pointer(unsafe.SliceData(b))
}

// view returns the first size bytes of block p. The capacity is the usable size.
func view(p unsafe.Pointer, size int) []byte {
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(p), alloc.UsableSize(p))[:size]
}
