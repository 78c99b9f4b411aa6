// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// NewTrailing returns a pointer to a zeroed T in a block that also holds n zeroed E, right
// after the T: a header and its array in one block, where a header with a slice would be
// two. Trailing returns the array, FreeTrailing frees both. The error wraps ErrHasPointers
// if T or E holds Go pointers, ErrInvalidSize if n is negative or too large, else it is one
// of Malloc's.
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

// Trailing returns the n elements after p, which NewTrailing returned for that n or more
// and for the same types.
func Trailing[T, E any](p *T, n int) []E {
	return unsafe.Slice((*E)(unsafe.Add(unsafe.Pointer(p), trailingOffset[T, E]())), n)
}

// FreeTrailing frees what NewTrailing returned for n. nil is ignored. Misuse panics as it
// does in Allocator.Free, and so does a block of another size if the Allocator is checked.
func FreeTrailing[T, E any](m Memory, p *T, n int) {
	freeValue(m, unsafe.Pointer(p), trailingOffset[T, E]()+n*elemSize[E](), true)
}

// trailingOffset returns how many bytes after a T the array of E begins.
func trailingOffset[T, E any]() int {
	return int(raw.AlignUp(unsafe.Sizeof(*new(T)), unsafe.Alignof(*new(E))))
}
