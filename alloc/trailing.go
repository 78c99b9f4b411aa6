// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// NewTrailing allocates one block that holds a zeroed T and, after it, an array of n zeroed E.
// It returns a pointer to the T. A header and its array then need one block, where a header with
// a slice needs two. Trailing returns the array. FreeTrailing frees the block.
//
// The error wraps ErrHasPointers if T or E holds Go pointers. It wraps ErrInvalidSize if n is
// negative or too large. Other errors are those of Malloc.
func NewTrailing[T, E any](m Memory, n int) (*T, error) {
	const op = "NewTrailing"
	if err := pointerFree[T](op); err != nil {
		return nil, err
	}
	if err := pointerFree[E](op); err != nil {
		return nil, err
	}
	array, err := product(op, n, elemSize[E]())
	if err != nil {
		return nil, err
	}
	size := trailingOffset[T, E]() + array
	if size < array {
		return nil, tooMany(op, n, elemSize[E]())
	}
	p, err := m.Calloc(1, size)
	return (*T)(p), err
}

// Trailing returns the first n elements of the array after p. p must come from NewTrailing for
// the same types and for at least n elements.
func Trailing[T, E any](p *T, n int) []E {
	return unsafe.Slice((*E)(unsafe.Add(unsafe.Pointer(p), trailingOffset[T, E]())), n)
}

// FreeTrailing frees the block that NewTrailing returned for n. It ignores nil. Misuse panics as
// in Allocator.Free. If the Allocator is checked, a block of another size panics too.
func FreeTrailing[T, E any](m Memory, p *T, n int) {
	freeValue(m, unsafe.Pointer(p), trailingOffset[T, E]()+n*elemSize[E](), true)
}

// trailingOffset returns the offset of the array of E from the start of the T, in bytes.
func trailingOffset[T, E any]() int {
	return int(raw.AlignUp(unsafe.Sizeof(*new(T)), unsafe.Alignof(*new(E))))
}
