// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// TestUseAfterClose: every method that allocates fails with ErrClosed.
func TestUseAfterClose(t *testing.T) {
	for _, used := range []bool{false, true} {
		a := open(t, still)
		l, fresh := local(t, a), local(t, a)
		if used {
			for _, size := range []int{100, 1000, 1 << 20} {
				alloc(t, a, size) // Close frees it
				alloc(t, l, size)
				a.Free(alloc(t, a, size))
			}
		}
		for range 2 {
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for name, m := range map[string]implementation{
			"Allocator": whole{a}, "Local": handle{l, a}, "fresh Local": handle{fresh, a}, "late Local": handle{local(t, a), a},
		} {
			for _, size := range []int{0, 100, 1000, sizeclass.LargeMin, 1 << 20} {
				for call, get := range map[string]func() (unsafe.Pointer, error){
					"Malloc":   func() (unsafe.Pointer, error) { return m.Malloc(size) },
					"Calloc":   func() (unsafe.Pointer, error) { return m.Calloc(1, size) },
					"Memalign": func() (unsafe.Pointer, error) { return m.Memalign(4096, size) },
					"Realloc":  func() (unsafe.Pointer, error) { return m.Realloc(nil, size) },
				} {
					p, err := get()
					var e *Error
					if p != nil || !errors.Is(err, ErrClosed) || !errors.As(err, &e) {
						t.Errorf("%s.%s of %d bytes after Close = %p, %v", name, call, size, p, err)
					}
				}
			}
			m.Free(nil)
		}
		a.Trim()
	}
}

// TestCloseFreesTable: opening and closing Allocators again and again does not use up
// metadata.
func TestCloseFreesTable(t *testing.T) {
	before := 0
	for i := range 100 {
		if i == 10 {
			before = metadata.InUse()
		}
		a, err := NewAllocator(still)
		if err != nil {
			t.Fatal(err)
		}
		l := a.NewLocal()
		alloc(t, a, 100)
		alloc(t, a, 1<<20)
		alloc(t, l, 100)
		l.Close()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := metadata.InUse() - before; n > 0 {
		t.Errorf("90 Allocators that were opened and closed hold %d bytes of metadata", n)
	}
}
