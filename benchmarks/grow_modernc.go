package main

import (
	"unsafe"

	"modernc.org/memory"
)

// moderncBuffer grows by UintptrRealloc, which copies.
type moderncBuffer struct {
	allocator memory.Allocator
	block     uintptr
}

func (b *moderncBuffer) grow(size int) []byte {
	block, err := b.allocator.UintptrRealloc(b.block, size)
	if err != nil {
		panic(err)
	}
	b.block = block
	return unsafe.Slice((*byte)(unsafe.Add(nil, block)), size)
}

func (b *moderncBuffer) close() { closeModernc(&b.allocator) }
