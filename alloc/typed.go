// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// New returns a pointer to a zeroed T outside the Go heap. Free frees it. Malloc's alignment
// suffices for every Go type.
//
// The error wraps ErrHasPointers if T holds Go pointers. Otherwise the errors are those of
// Malloc.
func New[T any](m Memory) (*T, error) {
	if err := pointerFree[T]("New"); err != nil {
		return nil, err
	}
	p, err := m.Calloc(1, int(unsafe.Sizeof(*new(T))))
	return (*T)(p), err
}

// Free frees a T from New. nil is ignored. Misuse panics as in Allocator.Free. A checked
// Allocator also panics if p's type has another size than the block.
func Free[T any](m Memory, p *T) {
	freeValue(m, unsafe.Pointer(p), elemSize[T](), true)
}

// MakeSlice returns a zeroed slice outside the Go heap, of length n. Its capacity is at least
// c: as many elements as fit into GoodSize bytes. FreeSlice frees it. A slice of capacity 0
// has a block too, and must be freed.
//
// The built-in append copies a full slice to the Go heap, and the block leaks. To grow the
// slice, use Append.
//
// The errors are those of New; a negative n or a c below n is ErrInvalidSize.
func MakeSlice[T any](m Memory, n, c int) ([]T, error) {
	return newSlice[T](m, "MakeSlice", n, c, true)
}

// Append appends values to s, a slice from MakeSlice, MallocSlice or MallocBytes, and returns
// the result. If the capacity does not suffice, the slice moves to a larger block, and s must
// not be used afterwards. A nil s is an empty slice. The values may be elements of s. On an
// error s is returned unchanged.
//
// Append never writes beyond the capacity of s. If the capacity was cut, as in s[:2:2], other
// slices may share the block. Append then copies s to a new block, and the old block stays
// live.
func Append[T any](m Memory, s []T, values ...T) ([]T, error) {
	n := len(s) + len(values)
	if n <= cap(s) {
		return append(s, values...), nil
	}
	at, own := within(s, values)
	grown, moved, err := regrow(m, "Append", s, max(n, len(s)+len(s)/2), false)
	if err != nil {
		return s, err
	}
	if own && moved {
		values = grown[at : at+len(values)] // they moved with the block
	}
	return append(grown[:len(s)], values...), nil
}

// within reports whether the values are elements of s, and the index of the first.
func within[T any](s, values []T) (at int, ok bool) {
	if len(values) == 0 || elemSize[T]() == 0 {
		return 0, false
	}
	off := uintptr(unsafe.Pointer(&values[0])) - uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	return int(off) / elemSize[T](), off < uintptr(cap(s)*elemSize[T]())
}

// Resize changes the length of s, a slice from MakeSlice, to n and returns it. The slice may
// move to another block, so s must not be used afterwards. Added elements are zero. A nil s is
// an empty slice. On an error s is returned unchanged. A slice whose capacity was cut is
// copied, as in Append.
func Resize[T any](m Memory, s []T, n int) ([]T, error) {
	grown, _, err := regrow(m, "Resize", s, n, true)
	if err != nil {
		return s, err
	}
	return grown, nil
}

// regrow makes s n elements long. If needZero is set, added elements are zero; pages that the
// kernel adds are zero without being written.
//
// moved reports that the block itself was resized, so everything in it may have moved. A slice
// that may share its block is copied instead, and the block stays.
func regrow[T any](m Memory, op string, s []T, n int, needZero bool) (grown []T, moved bool, err error) {
	if s == nil {
		grown, err = MakeSlice[T](m, n, n)
		return grown, true, err
	}
	size, err := product(op, n, elemSize[T]())
	if err != nil {
		return nil, false, err
	}
	if !ownsBlock(s) {
		if n <= cap(s) {
			if needZero {
				clearFrom(addrOf(s), sizeOf(s), uintptr(size))
			}
			return s[:n], false, nil
		}
		grown, err = newSlice[T](m, op, n, n, needZero)
		if err == nil {
			raw.CopySlice(grown, s[:min(len(s), len(grown))])
		}
		return grown, false, err
	}
	p := unsafe.Pointer(unsafe.SliceData(s))
	if needZero {
		p, err = recalloc(m, p, min(int(sizeOf(s)), size), GoodSize(size))
	} else {
		p, err = m.Realloc(p, GoodSize(size))
	}
	if err != nil {
		return nil, false, err
	}
	return unsafe.Slice((*T)(p), room[T](n))[:n], true, nil
}

// FreeSlice frees the block of s, a slice from MakeSlice, MallocSlice, Append or Resize. s
// must begin where its block begins. nil is ignored. Misuse panics as in Allocator.Free. A
// checked Allocator also panics if the capacity of s exceeds the block.
func FreeSlice[T any](m Memory, s []T) {
	freeValue(m, unsafe.Pointer(unsafe.SliceData(s)), cap(s)*elemSize[T](), false)
}

// addrOf returns the address of the first element of s.
func addrOf[T any](s []T) uintptr { return raw.Addr(unsafe.Pointer(unsafe.SliceData(s))) }

// sizeOf returns the bytes of the elements of s.
func sizeOf[T any](s []T) uintptr { return uintptr(len(s)) * unsafe.Sizeof(*new(T)) }

func elemSize[T any]() int { return int(unsafe.Sizeof(*new(T))) }

// room returns how many elements fit into a block for c elements.
func room[T any](c int) int {
	if size := elemSize[T](); size > 0 {
		return GoodSize(c*size) / size
	}
	return c
}
