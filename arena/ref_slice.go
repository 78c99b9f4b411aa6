// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A SliceRef is a slice of Ts in a Store, by offset. The zero SliceRef is empty.
type SliceRef[T any] struct {
	_             [0]*T
	off, len, cap uint64
}

// NewSliceRef allocates a zeroed slice in the store. The errors are those of NewRef. The
// error wraps alloc.ErrInvalidSize if the length is negative or more than the capacity.
func NewSliceRef[T any](s Store, len, cap int) (SliceRef[T], error) {
	const op = "NewSliceRef"
	if err := plain[T](); err != nil {
		return SliceRef[T]{}, s.fail(op, err)
	}
	hi, size := bits.Mul64(sizeOf[T](), uint64(cap))
	if len < 0 || cap < len || hi != 0 {
		return SliceRef[T]{}, s.fail(op, fmt.Errorf("%w: length %d, capacity %d", alloc.ErrInvalidSize, len, cap))
	}
	off, err := s.take(op, size, alignOf[T]())
	if err != nil {
		return SliceRef[T]{}, err
	}
	return SliceRef[T]{off: off, len: uint64(len), cap: uint64(cap)}, nil
}

// Len returns the number of elements.
func (r SliceRef[T]) Len() int { return int(r.len) }

// Cap returns the largest number of elements that the slice has room for.
func (r SliceRef[T]) Cap() int { return int(r.cap) }

// Get returns the slice at its current address. It panics as Ref.Get does. To grow the
// slice, use AppendRef: beyond the capacity the built-in append copies it into the Go heap.
func (r SliceRef[T]) Get(s Store) []T {
	if r.off == 0 {
		return nil
	}
	hi, size := bits.Mul64(sizeOf[T](), r.cap)
	if hi != 0 || r.len > r.cap {
		s.view().panicInvalid(r.off, size)
	}
	return unsafe.Slice((*T)(s.view().at(r.off, size, alignOf[T]())), int(r.cap))[:r.len]
}

// AppendRef appends values to r and returns the longer slice. If the capacity does not
// suffice, AppendRef doubles it, or raises it to the new length if there is no room for
// more. It extends the slice in place if nothing was allocated after the slice. Otherwise
// it copies the slice, and the memory of the old slice stays unused. The errors are those
// of NewSliceRef. With an error AppendRef returns r unchanged.
func AppendRef[T any](s Store, r SliceRef[T], values ...T) (SliceRef[T], error) {
	n := r.len + uint64(len(values))
	if n > r.cap {
		grown, err := growRef(s, r, n)
		if err != nil {
			return r, err
		}
		r = grown
	}
	from := r.len
	r.len = n
	copy(r.Get(s)[from:], values)
	return r, nil
}

// growRef returns r with room for at least n elements, and for twice the capacity if the
// store has room.
func growRef[T any](s Store, r SliceRef[T], n uint64) (SliceRef[T], error) {
	elem, twice := sizeOf[T](), max(n, 2*r.cap)
	for _, c := range []uint64{twice, n} {
		hi, size := bits.Mul64(elem, c)
		if r.off != 0 && hi == 0 && s.lengthen(r.off+elem*r.cap, size-elem*r.cap) {
			r.cap = c
			return r, nil
		}
	}
	grown, err := NewSliceRef[T](s, int(r.len), int(twice))
	if errors.Is(err, alloc.ErrLimit) && n < twice {
		grown, err = NewSliceRef[T](s, int(r.len), int(n))
	}
	if err == nil {
		copy(grown.Get(s), r.Get(s))
	}
	return grown, err
}

// A StringRef is a string in a Store, by offset. The zero StringRef is empty.
type StringRef struct{ off, len uint64 }

// NewStringRef copies a string into the store. The errors are those of NewSliceRef.
func NewStringRef(s Store, text string) (StringRef, error) {
	if text == "" {
		return StringRef{}, nil
	}
	r, err := NewSliceRef[byte](s, len(text), len(text))
	if err != nil {
		return StringRef{}, err
	}
	copy(r.Get(s), text)
	return StringRef{r.off, r.len}, nil
}

// Len returns the length in bytes.
func (r StringRef) Len() int { return int(r.len) }

// Get returns the string, in the store's memory. It panics as Ref.Get does. The string is
// invalid after the store is closed; to keep it, copy it with strings.Clone.
func (r StringRef) Get(s Store) string {
	if r.off == 0 {
		return ""
	}
	return unsafe.String((*byte)(s.view().at(r.off, r.len, 1)), int(r.len))
}
