// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// New returns a pointer to a zeroed T outside the Go heap. The error wraps
// ErrHasPointers if T holds Go pointers, else it is one of Malloc's.
//
// Malloc's alignment suffices for every Go type.
func New[T any](m Memory) (*T, error) {
	if err := pointerFree[T]("New"); err != nil {
		return nil, err
	}
	p, err := m.Calloc(1, int(unsafe.Sizeof(*new(T))))
	return (*T)(p), err
}

// Free takes back what New returned. nil is ignored; misuse panics as it does in
// Allocator.Free, and so does a p of another type's size if the Allocator is checked.
func Free[T any](m Memory, p *T) {
	freeValue(m, unsafe.Pointer(p), elemSize[T](), true)
}

// MakeSlice returns a zeroed slice outside the Go heap, of length n and of
// capacity c at least: as many elements as fit into GoodSize bytes. It is freed by
// FreeSlice. Growing it with the built-in append would copy it into the Go heap
// and lose the block: use Append.
//
// A capacity of zero gives an empty slice that has a block too, and must be freed.
func MakeSlice[T any](m Memory, n, c int) ([]T, error) {
	return newSlice[T](m, "MakeSlice", n, c, true)
}

// Append appends values to s, a slice from MakeSlice, MallocSlice or MallocBytes, and
// returns it. If the capacity does not suffice, the slice moves to a larger block, and s
// must not be used afterwards. A nil s is an empty slice. The values may be elements of
// s. On an error s is returned as it was.
//
// Append never writes beyond the capacity of s. A slice whose capacity was cut, such as
// s[:2:2], may share its block with other slices: Append then copies it to a block of
// its own, and the old block stays live for whoever has all of it.
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

// within reports whether the values are elements of s, and from which on.
func within[T any](s, values []T) (at int, ok bool) {
	if len(values) == 0 || elemSize[T]() == 0 {
		return 0, false
	}
	off := uintptr(unsafe.Pointer(&values[0])) - uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	return int(off) / elemSize[T](), off < uintptr(cap(s)*elemSize[T]())
}

// Resize makes a slice from MakeSlice n elements long, moving it to another block
// if it must, and returns it. s is not to be used afterwards. A nil s is an empty
// slice. Elements that are added are zero. On an error s is returned as it was. A slice
// whose capacity was cut is copied, as Append does.
func Resize[T any](m Memory, s []T, n int) ([]T, error) {
	grown, _, err := regrow(m, "Resize", s, n, true)
	if err != nil {
		return s, err
	}
	return grown, nil
}

// regrow makes s n elements long. If needZero is set, the elements that are added are
// zero; pages that the kernel adds are so without being written. moved tells that the
// block itself was resized, so that all that lay in it is elsewhere now: a slice that may
// share its block is copied, and the block stays.
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

// FreeSlice takes back the block of a slice from MakeSlice, Append or Resize. s
// must begin where that slice began. nil is ignored; misuse panics as it does in
// Allocator.Free, and so does an s with more capacity than there is room for if the
// Allocator is checked.
func FreeSlice[T any](m Memory, s []T) {
	freeValue(m, unsafe.Pointer(unsafe.SliceData(s)), cap(s)*elemSize[T](), false)
}

// addrOf returns the address of the first element of s.
func addrOf[T any](s []T) uintptr { return raw.Addr(unsafe.Pointer(unsafe.SliceData(s))) }

// sizeOf returns the bytes of the elements of s.
func sizeOf[T any](s []T) uintptr { return uintptr(len(s)) * unsafe.Sizeof(*new(T)) }

func elemSize[T any]() int { return int(unsafe.Sizeof(*new(T))) }

// room returns how many elements a block for c of them holds.
func room[T any](c int) int {
	if size := elemSize[T](); size > 0 {
		return GoodSize(c*size) / size
	}
	return c
}
