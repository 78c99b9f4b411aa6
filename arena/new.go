// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// New returns a pointer to a T in the arena, zeroed unless the arena has NoZero. The
// pointer is invalid after Reset and Free.
//
// New panics with an *Error. It wraps alloc.ErrHasPointers if T holds Go pointers (see
// NewLinked), or an error of Alloc.
func New[T any](a *Arena) *T {
	return (*T)(a.bump.cutOr(a, unsafe.Sizeof(*new(padded[T])), gotype.Of[T](), (*Arena).alloc))
}

// MakeSlice returns a slice of the given length and capacity in the arena, zeroed unless
// the arena has NoZero. The slice is invalid after Reset and Free. To grow it, use Append:
// the built-in append copies it into the Go heap.
//
// MakeSlice panics with an *Error as New does. The error wraps alloc.ErrInvalidSize if the
// length is negative, or is more than the capacity, or if the size overflows.
func MakeSlice[T any](a *Arena, len, cap int) []T {
	return unsafe.Slice((*T)(a.sliceBy(unsafe.Sizeof(*new(T)), len, cap, gotype.Of[T](), (*Arena).makeSlice)), cap)[:len]
}

// sliceBy calls makeSlice, which is a parameter so that MakeSlice is inlined as New is. Its
// callers know the size and the descriptor of T as constants.
func (a *Arena) sliceBy(elem uintptr, len, cap int, t *gotype.Type, makeSlice func(*Arena, uintptr, int, int, *gotype.Type) unsafe.Pointer) unsafe.Pointer {
	return makeSlice(a, elem, len, cap, t)
}

// makeSlice returns memory for a slice of type t. An element has elem bytes. It needs as little
// stack as alloc.
//
//go:nosplit
func (a *Arena) makeSlice(elem uintptr, len, cap int, t *gotype.Type) unsafe.Pointer {
	// A negative capacity is a large one here. If n is 0, n−1 is the largest uintptr.
	hi, size := bits.Mul(uint(elem), uint(cap))
	n := raw.AlignUp(uintptr(size), minAlign)
	p := a.next
	if hi == 0 && uint(len) <= uint(cap) && n-1 < a.limit-p && t.Plain() {
		a.next = p + n
		return raw.Pointer(p)
	}
	return raw.Pointer(a.slice("MakeSlice", elem, len, cap, t))
}

// slice returns memory for a slice of type t. An element has elem bytes.
func (a *Arena) slice(op string, elem uintptr, len, cap int, t *gotype.Type) uintptr {
	return a.slow(op, a.sliceSize(op, elem, len, cap), t)
}

// sliceSize returns the bytes of a slice whose elements have elem bytes.
func (a *Arena) sliceSize(op string, elem uintptr, len, cap int) uintptr {
	hi, size := bits.Mul(uint(elem), uint(cap))
	if len < 0 || cap < len || hi != 0 || size > maxChunk {
		panic(a.core.fail(op, 0, fmt.Errorf("%w: length %d, capacity %d, of %d bytes each", alloc.ErrInvalidSize, len, cap, elem)))
	}
	return uintptr(size)
}

// CloneString returns a copy of s in the arena. The copy is invalid after Reset and Free.
// CloneString panics as New does.
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
