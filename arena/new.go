package arena

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// New returns a pointer to a T in the arena, zeroed unless the arena was made with
// NoZero. It must not be used after Reset or Free.
//
// It panics with an *Error: alloc.ErrHasPointers if T holds Go pointers (NewLinked
// may be what you want), else an error of Alloc's.
func New[T any](a *Arena) *T {
	return (*T)(a.alloc(unsafe.Sizeof(*new(padded[T])), gotype.Of[T]()))
}

// MakeSlice returns a slice of the given length and capacity in the arena, zeroed
// unless the arena was made with NoZero. It must not be used after Reset or Free.
// Growing it with the built-in append copies it into the Go heap: use Append.
//
// It panics with an *Error as New does; alloc.ErrInvalidSize says that the length is
// negative or more than the capacity, or that this overflows.
func MakeSlice[T any](a *Arena, len, cap int) []T {
	p := a.slice("MakeSlice", unsafe.Sizeof(*new(T)), len, cap, gotype.Of[T]())
	return unsafe.Slice((*T)(p), cap)[:len]
}

// slice returns memory for a slice of type t whose elements have elem bytes.
func (a *Arena) slice(op string, elem uintptr, len, cap int, t *gotype.Type) unsafe.Pointer {
	size := a.sliceSize(op, elem, len, cap)
	n := raw.AlignUp(size, minAlign)
	if p := a.next; n-1 < a.limit-p && t.Plain() {
		a.next = p + n
		return raw.Pointer(p)
	}
	return raw.Pointer(a.slow(op, size, t))
}

// sliceSize returns the bytes of a slice whose elements have elem bytes.
func (a *Arena) sliceSize(op string, elem uintptr, len, cap int) uintptr {
	hi, size := bits.Mul(uint(elem), uint(cap))
	if len < 0 || cap < len || hi != 0 || size > maxChunk {
		panic(a.core.fail(op, uintptr(size), fmt.Errorf("%w: length %d, capacity %d", alloc.ErrInvalidSize, len, cap)))
	}
	return uintptr(size)
}

// Append appends values to a slice of the arena's and returns it. If the capacity
// does not suffice, the slice is made longer in place, if it is what was allocated
// last, or is copied; what it had stays where it is until Reset or Free. A nil s is
// an empty slice. It panics as MakeSlice does.
func Append[T any](a *Arena, s []T, values ...T) []T {
	n := len(s) + len(values)
	if n > cap(s) {
		s = grow(a, s, n)
	}
	return append(s, values...)
}

// grow returns s with room for n elements.
func grow[T any](a *Arena, s []T, n int) []T {
	elem := unsafe.Sizeof(*new(T))
	c := max(n, int(4*minAlign/max(elem, 1)))
	if twice := 2 * cap(s); uintptr(twice)*elem <= maxChunk {
		c = max(c, twice)
	}
	old, size := uintptr(cap(s))*elem, a.sliceSize("Append", elem, n, c)
	if p := unsafe.SliceData(s); gotype.Of[T]().Plain() && a.extend(raw.Addr(unsafe.Pointer(p)), old, size) {
		return unsafe.Slice(p, c)[:len(s)]
	}
	grown := unsafe.Slice((*T)(a.slice("Append", elem, len(s), c, gotype.Of[T]())), c)[:len(s)]
	copy(grown, s)
	return grown
}

// extend makes the allocation of old bytes at p one of size bytes, if the window
// begins right behind it and has as many.
func (a *Arena) extend(p, old, size uintptr) bool {
	b, align := a.window(), a.mask+1
	n := raw.AlignUp(size, align)
	if p+raw.AlignUp(old, align) != b.next || old == 0 || n > b.limit-p {
		return false
	}
	b.next = p + n
	return true
}

// CloneString returns a copy of s in the arena. The string must not be used after
// Reset or Free. It panics as New does.
func CloneString(a *Arena, s string) string {
	b := MakeSlice[byte](a, len(s), len(s))
	copy(b, s)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// refuse panics because values of type t hold Go pointers.
func (a *Arena) refuse(op string, size uintptr, t *gotype.Type) {
	panic(a.core.fail(op, size, fmt.Errorf("%w: %v (NewLinked admits pointers into the same arena)",
		alloc.ErrHasPointers, t.Reflect())))
}
