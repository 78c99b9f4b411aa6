package main

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// ashlarBuffer grows by Allocator.Realloc.
type ashlarBuffer struct {
	allocator *alloc.Allocator
	block     unsafe.Pointer
}

func (b *ashlarBuffer) grow(size int) []byte {
	block, err := b.allocator.Realloc(b.block, size)
	if err != nil {
		panic(err)
	}
	b.block = block
	return unsafe.Slice((*byte)(block), size)
}

func (b *ashlarBuffer) close() {
	b.allocator.Free(b.block)
	closeAllocator(b.allocator)
}
