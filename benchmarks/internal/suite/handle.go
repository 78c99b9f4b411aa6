// SPDX-License-Identifier: Apache-2.0

package suite

import "unsafe"

// A Handle is one allocator's handle for one goroutine at a time.
type Handle interface {
	// Malloc gives a block of size bytes, at least 1; what they hold is up to the allocator.
	Malloc(size int) unsafe.Pointer
	// Release frees a block that any handle of the same peer allocated with the size, in bytes.
	Release(block unsafe.Pointer, size int)
	// Close ends the use of the handle. Its blocks stay.
	Close()
}

// A Callocer is a Handle that has a way of its own to zeroed blocks.
type Callocer interface {
	// Calloc is Malloc of a block that is zero.
	Calloc(size int) unsafe.Pointer
}

// A Resizer is a Handle that has a way of its own to change the size of a block.
type Resizer interface {
	// Resize gives the block, of old bytes, another size; its first bytes stay as they are. The block
	// may move.
	Resize(block unsafe.Pointer, old, size int) unsafe.Pointer
}

// An Aligner is a Handle that has a way of its own to aligned blocks.
type Aligner interface {
	// Memalign is Malloc of a block whose address is a multiple of align, a power of two.
	Memalign(align, size int) unsafe.Pointer
}

// Zeroed allocates a block that is zero, by the handle's own way if it has one.
func Zeroed(h Handle, size int) unsafe.Pointer {
	if own, ok := h.(Callocer); ok {
		return own.Calloc(size)
	}
	block := h.Malloc(size)
	clear(unsafe.Slice((*byte)(block), size))
	return block
}

// Resized changes the size of a block, by the handle's own way if it has one.
func Resized(h Handle, block unsafe.Pointer, old, size int) unsafe.Pointer {
	if own, ok := h.(Resizer); ok {
		return own.Resize(block, old, size)
	}
	grown := h.Malloc(size)
	copy(unsafe.Slice((*byte)(grown), size), unsafe.Slice((*byte)(block), old))
	h.Release(block, old)
	return grown
}
