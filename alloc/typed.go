package alloc

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/gotype"
)

// New returns a pointer to a zeroed T outside the Go heap. The error wraps
// ErrHasPointers if T holds Go pointers, else it is one of Malloc's.
//
// A T that is more strictly aligned than Malloc aligns does not exist in Go.
func New[T any](a *Allocator) (*T, error) {
	if err := pointerFree[T]("New"); err != nil {
		return nil, err
	}
	p, err := a.Calloc(1, int(unsafe.Sizeof(*new(T))))
	return (*T)(p), err
}

// Free takes back what New returned. nil is ignored; misuse panics as it does in
// Allocator.Free, and so does a p of another type's size if the Allocator is checked.
func Free[T any](a *Allocator, p *T) {
	if a.checked != nil {
		a.checked.expect(unsafe.Pointer(p), elemSize[T](), true)
	}
	a.Free(unsafe.Pointer(p))
}

// MakeSlice returns a zeroed slice outside the Go heap, of length n and of
// capacity c at least: as many elements as fit into GoodSize bytes. It is freed by
// FreeSlice. Growing it with the built-in append would copy it into the Go heap
// and lose the block: use Append.
//
// A capacity of zero gives an empty slice that has a block too, and must be freed.
func MakeSlice[T any](a *Allocator, n, c int) ([]T, error) {
	const op = "MakeSlice"
	if err := pointerFree[T](op); err != nil {
		return nil, err
	}
	if n < 0 || c < n {
		return nil, &Error{Op: op, Size: c, Err: fmt.Errorf("%w: length %d, capacity %d", ErrInvalidSize, n, c)}
	}
	size, err := product(op, c, elemSize[T]())
	if err != nil {
		return nil, err
	}
	p, err := a.Calloc(1, GoodSize(size))
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*T)(p), room[T](c))[:n], nil
}

// Append appends values to a slice made by MakeSlice, moving it to a larger block
// if it must, and returns it. s is not to be used afterwards. A nil s is an empty
// slice. The values may be elements of s. On an error s is returned as it was.
func Append[T any](a *Allocator, s []T, values ...T) ([]T, error) {
	n := len(s) + len(values)
	if n <= cap(s) {
		return append(s, values...), nil
	}
	at, own := within(s, values)
	grown, err := regrow(a, "Append", s, max(n, len(s)+len(s)/2))
	if err != nil {
		return s, err
	}
	if own {
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
// slice. Elements that are added are zero. On an error s is returned as it was.
func Resize[T any](a *Allocator, s []T, n int) ([]T, error) {
	grown, err := regrow(a, "Resize", s, n)
	if err != nil {
		return s, err
	}
	if n > len(s) {
		clear(grown[len(s):])
	}
	return grown, nil
}

// regrow moves s to a block for n elements and makes it that long. What is added
// is unspecified, but zero where there was no block.
func regrow[T any](a *Allocator, op string, s []T, n int) ([]T, error) {
	if s == nil {
		return MakeSlice[T](a, n, n)
	}
	size, err := product(op, n, elemSize[T]())
	if err != nil {
		return nil, err
	}
	p, err := a.Realloc(unsafe.Pointer(unsafe.SliceData(s)), GoodSize(size))
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*T)(p), room[T](n))[:n], nil
}

// FreeSlice takes back the block of a slice from MakeSlice, Append or Resize. s
// must begin where that slice began. nil is ignored; misuse panics as it does in
// Allocator.Free, and so does an s with more capacity than there is room for if the
// Allocator is checked.
func FreeSlice[T any](a *Allocator, s []T) {
	if a.checked != nil {
		a.checked.expect(unsafe.Pointer(unsafe.SliceData(s)), cap(s)*elemSize[T](), false)
	}
	a.Free(unsafe.Pointer(unsafe.SliceData(s)))
}

func elemSize[T any]() int { return int(unsafe.Sizeof(*new(T))) }

// room returns how many elements a block for c of them holds.
func room[T any](c int) int {
	if size := elemSize[T](); size > 0 {
		return GoodSize(c*size) / size
	}
	return c
}

// pointerFree returns an error if T holds Go pointers. The collector would not
// see them, and free what they point to.
func pointerFree[T any](op string) error {
	t := gotype.Of[T]()
	if t.Plain() {
		return nil
	}
	return &Error{Op: op, Size: elemSize[T](), Err: fmt.Errorf("%w: %v", ErrHasPointers, t.Reflect())}
}
