// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"sync/atomic"
	"testing"
	"unsafe"
)

type (
	plain  struct{ A [3]struct{ B complex64 } }
	hidden struct {
		A int
		B [2]struct{ C struct{ d func() } }
	}
	iface interface{ M() }
)

func TestHasPointers(t *testing.T) {
	a := open(t, still)
	allowed[bool](t, a)
	allowed[int8](t, a)
	allowed[uintptr](t, a)
	allowed[float64](t, a)
	allowed[complex128](t, a)
	allowed[[7]int16](t, a)
	allowed[plain](t, a)
	allowed[struct{}](t, a)
	allowed[[0]string](t, a)
	allowed[atomic.Int64](t, a)
	refused[*int](t, a)
	refused[string](t, a)
	refused[[]byte](t, a)
	refused[map[int]int](t, a)
	refused[func()](t, a)
	refused[chan int](t, a)
	refused[any](t, a)
	refused[error](t, a)
	refused[iface](t, a)
	refused[unsafe.Pointer](t, a)
	refused[hidden](t, a)
	refused[[1]*int](t, a)
	refused[[1][]struct{ s string }](t, a)
	refused[atomic.Pointer[int]](t, a)
	refused[struct {
		_ int
		_ *byte
	}](t, a)
	drained(t, a)
}

func allowed[T any](t *testing.T, a *Allocator) {
	t.Helper()
	if !PointerFree[T]() {
		t.Errorf("PointerFree[%T] is false", *new(T))
	}
	for range 2 { // the second answer comes from the table
		p, err := New[T](a)
		if err != nil {
			t.Errorf("New[%T]: %v", *new(T), err)
		}
		Free(a, p)
		s, err := MakeSlice[T](a, 1, 1)
		if err != nil {
			t.Errorf("MakeSlice[%T]: %v", *new(T), err)
		}
		FreeSlice(a, s)
	}
}

func refused[T any](t *testing.T, a *Allocator) {
	t.Helper()
	if PointerFree[T]() {
		t.Errorf("PointerFree[%T] is true", *new(T))
	}
	for range 2 {
		p, err := New[T](a)
		var e *Error
		if p != nil || !errors.Is(err, ErrHasPointers) || !errors.As(err, &e) || e.Op != "New" {
			t.Errorf("New[%T] = %p, %v", *new(T), p, err)
		}
		for name, f := range map[string]func() ([]T, error){
			"MakeSlice":   func() ([]T, error) { return MakeSlice[T](a, 1, 1) },
			"MallocSlice": func() ([]T, error) { return MallocSlice[T](a, 1, 1) },
			"Append":      func() ([]T, error) { return Append(a, []T(nil), *new(T)) },
			"Resize":      func() ([]T, error) { return Resize(a, []T(nil), 1) },
		} {
			if s, err := f(); s != nil || !errors.Is(err, ErrHasPointers) {
				t.Errorf("%s[%T] = %d elements, %v", name, *new(T), len(s), err)
			}
		}
	}
}
