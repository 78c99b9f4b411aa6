// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// batcher is a Memory that has calls for several blocks.
type batcher interface {
	MallocBatch(size int, blocks []unsafe.Pointer) (n int, err error)
	CallocBatch(size int, blocks []unsafe.Pointer) (n int, err error)
	FreeBatch(blocks []unsafe.Pointer)
}

var (
	_ batcher = (*Allocator)(nil)
	_ batcher = (*Local)(nil)
	_ batcher = (*Tag)(nil)
)

// NewBatch makes each element of values point to a zeroed T outside the Go heap, as New does. It
// takes less time than as many calls of New. Free or FreeBatch frees them.
//
// It returns the number of values that it allocated. If that is less than len(values), the error
// is that of New. The first n elements are valid then, and the others are unchanged.
func NewBatch[T any](m Memory, values []*T) (n int, err error) {
	if err := pointerFree[T]("NewBatch"); err != nil {
		return 0, err
	}
	if b, ok := m.(batcher); ok {
		return b.CallocBatch(elemSize[T](), raw.Pointers(values))
	}
	for n = range values {
		if values[n], err = New[T](m); err != nil {
			return n, err
		}
	}
	return len(values), nil
}

// FreeBatch frees each T that an element of values points to, from New or NewBatch. nil elements
// are ignored. Misuse panics as in Allocator.FreeBatch. A checked Allocator also panics if a
// block has another size than T.
func FreeBatch[T any](m Memory, values []*T) {
	a := underlying(m)
	if b, ok := m.(batcher); ok && (a == nil || a.freesFast()) {
		b.FreeBatch(raw.Pointers(values))
		return
	}
	n := 0
	defer inBatch(&n, len(values))
	for ; n < len(values); n++ {
		Free(m, values[n])
	}
}
