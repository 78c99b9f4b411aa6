// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"unsafe"
)

// MallocSlice returns a slice with unspecified contents. Otherwise it is like MakeSlice. It
// saves the time of zeroing elements that are about to be overwritten.
func MallocSlice[T any](m Memory, n, c int) ([]T, error) {
	return newSlice[T](m, "MallocSlice", n, c, false)
}

// newSlice returns a slice of length n with room for at least c elements, zeroed if needZero
// is set.
func newSlice[T any](m Memory, op string, n, c int, needZero bool) ([]T, error) {
	if err := pointerFree[T](op); err != nil {
		return nil, err
	}
	if n < 0 || c < n {
		return nil, &Error{Op: op, Err: fmt.Errorf("%w: length %d, capacity %d", ErrInvalidSize, n, c)}
	}
	size, err := product(op, c, elemSize[T]())
	if err != nil {
		return nil, err
	}
	var p unsafe.Pointer
	if needZero {
		p, err = m.Calloc(1, GoodSize(size))
	} else {
		p, err = m.Malloc(GoodSize(size))
	}
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*T)(p), room[T](c))[:n], nil
}
