// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math"
	"testing"
	"unsafe"
)

// In these tests an array follows a header. The size of a header is not a multiple of 8.
type header struct {
	N    uint32
	Kind [3]byte
}

func TestTrailing(t *testing.T) {
	onEach(t, func(t *testing.T, m byteMemory) {
		for _, n := range []int{0, 1, 3, 100, 50_000} {
			h, err := NewTrailing[header, uint64](m, n)
			if err != nil || *h != (header{}) {
				t.Fatal(h, err)
			}
			h.N = uint32(n)
			array := Trailing[header, uint64](h, n)
			if len(array) != n || cap(array) != n {
				t.Fatalf("the array of %d has length %d, capacity %d", n, len(array), cap(array))
			}
			for i := range array {
				if array[i] != 0 {
					t.Fatalf("element %d of %d is %d", i, n, array[i])
				}
				array[i] = ^uint64(i)
			}
			if n > 0 && uintptr(unsafe.Pointer(&array[0]))-uintptr(unsafe.Pointer(h)) != 8 {
				t.Errorf("the array begins at %p, the header at %p", &array[0], h)
			}
			if h.N != uint32(n) {
				t.Errorf("the header was overwritten: %+v", *h)
			}
			FreeTrailing[header, uint64](m, h, n)
		}
		FreeTrailing[header, uint64](m, nil, 5)
	})
}

func TestTrailingErrors(t *testing.T) {
	a := open(t, still)
	for _, n := range []int{-1, math.MinInt, math.MaxInt, math.MaxInt / 8} {
		if h, err := NewTrailing[header, uint64](a, n); h != nil || err == nil ||
			!errors.Is(err, ErrInvalidSize) && !errors.Is(err, ErrOutOfMemory) {
			t.Errorf("of %d elements: %v, %v", n, h, err)
		}
	}
	if h, err := NewTrailing[header, string](a, 1); h != nil || !errors.Is(err, ErrHasPointers) {
		t.Errorf("of strings: %v, %v", h, err)
	}
	if h, err := NewTrailing[[]int, byte](a, 1); h != nil || !errors.Is(err, ErrHasPointers) {
		t.Errorf("after a slice: %v, %v", h, err)
	}
	drained(t, a)
}

// TestTrailingChecked: a checked Allocator compares the sum of both sizes.
func TestTrailingChecked(t *testing.T) {
	a := open(t, strict)
	h := Must(NewTrailing[header, uint64](a, 10))
	for _, n := range []int{9, 11} {
		if e := misused(t, func() { FreeTrailing[header, uint64](a, h, n) }); e.Kind != TypeMismatch {
			t.Error(e)
		}
	}
	if e := misused(t, func() { Free(a, h) }); e.Kind != TypeMismatch {
		t.Error(e)
	}
	FreeTrailing[header, uint64](a, h, 10)
}
