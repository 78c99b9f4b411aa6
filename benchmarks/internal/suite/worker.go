package suite

import "unsafe"

// A Worker is one allocator's handle for one goroutine at a time.
type Worker interface {
	// Malloc gives a block of size bytes, at least 1; what they hold is up to the allocator.
	Malloc(size int) unsafe.Pointer
	// Release frees a block that any worker of the same peer allocated with the size, in bytes.
	Release(block unsafe.Pointer, size int)
	// Close ends the use of the handle. Its blocks stay.
	Close()
}

// A Callocer is a Worker that has a way of its own to zeroed blocks.
type Callocer interface {
	// Calloc is Malloc of a block that is zero.
	Calloc(size int) unsafe.Pointer
}

// A Resizer is a Worker that has a way of its own to change the size of a block.
type Resizer interface {
	// Resize gives the block, of old bytes, another size; its first bytes stay as they are. The block
	// may move.
	Resize(block unsafe.Pointer, old, size int) unsafe.Pointer
}

// An Aligner is a Worker that has a way of its own to aligned blocks.
type Aligner interface {
	// Memalign is Malloc of a block whose address is a multiple of align, a power of two.
	Memalign(align, size int) unsafe.Pointer
}

// Zeroed allocates a block that is zero, by the worker's own way if it has one.
func Zeroed(w Worker, size int) unsafe.Pointer {
	if own, ok := w.(Callocer); ok {
		return own.Calloc(size)
	}
	block := w.Malloc(size)
	clear(unsafe.Slice((*byte)(block), size))
	return block
}

// Resized changes the size of a block, by the worker's own way if it has one.
func Resized(w Worker, block unsafe.Pointer, old, size int) unsafe.Pointer {
	if own, ok := w.(Resizer); ok {
		return own.Resize(block, old, size)
	}
	grown := w.Malloc(size)
	copy(unsafe.Slice((*byte)(grown), size), unsafe.Slice((*byte)(block), old))
	w.Release(block, old)
	return grown
}
