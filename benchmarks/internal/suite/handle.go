// SPDX-License-Identifier: Apache-2.0

package suite

import "unsafe"

// A Handle calls one allocator, for one goroutine at a time.
type Handle interface {
	// Malloc allocates a block of size bytes, at least 1, with any contents.
	Malloc(size int) unsafe.Pointer
	// Release frees a block that a handle of the same peer has allocated with this size.
	Release(block unsafe.Pointer, size int)
	// Close ends the use of the handle. Its blocks stay live.
	Close()
}

// A Callocer is a Handle whose allocator has zeroed blocks.
type Callocer interface {
	// Calloc allocates a zeroed block.
	Calloc(size int) unsafe.Pointer
}

// A Resizer is a Handle whose allocator can resize a block.
type Resizer interface {
	// Resize changes the size of a block of old bytes. The bytes that both sizes have stay as they are.
	// The block may move.
	Resize(block unsafe.Pointer, old, size int) unsafe.Pointer
}

// An Aligner is a Handle whose allocator has aligned blocks.
type Aligner interface {
	// Memalign allocates a block whose address is a multiple of align, a power of two.
	Memalign(align, size int) unsafe.Pointer
}

// Zeroed allocates a zeroed block. It clears the block itself if the handle is no Callocer.
func Zeroed(h Handle, size int) unsafe.Pointer {
	if own, ok := h.(Callocer); ok {
		return own.Calloc(size)
	}
	block := h.Malloc(size)
	clear(unsafe.Slice((*byte)(block), size))
	return block
}

// Resized changes the size of a block. It copies the block itself if the handle is no Resizer.
func Resized(h Handle, block unsafe.Pointer, old, size int) unsafe.Pointer {
	if own, ok := h.(Resizer); ok {
		return own.Resize(block, old, size)
	}
	grown := h.Malloc(size)
	copy(unsafe.Slice((*byte)(grown), size), unsafe.Slice((*byte)(block), old))
	h.Release(block, old)
	return grown
}
