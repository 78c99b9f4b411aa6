// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Memory is the interface that *Allocator and *Local implement. The typed helpers (New,
// MakeSlice, Append, Free and others) take either. Allocator's methods of the same names are
// documented there.
//
// A program may implement Memory itself, for example to count blocks or to fail in tests.
// Malloc and Calloc must then return blocks aligned to 16 bytes. A request of GoodSize(n)
// bytes must return a block of at least that size.
type Memory interface {
	Malloc(size int) (unsafe.Pointer, error)
	Calloc(n, size int) (unsafe.Pointer, error)
	Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error)
	Free(p unsafe.Pointer)
}

var (
	_ Memory = (*Allocator)(nil)
	_ Memory = (*Local)(nil)
)

// Must returns v, and panics with err if err is not nil. It is for programs that cannot
// continue without the memory, as with the built-in make:
//
//	p := alloc.Must(alloc.New[point](a))
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// recalloc resizes p as m's Realloc does, and zeroes everything after the first kept bytes.
func recalloc(m Memory, p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	if m, ok := m.(interface {
		Recalloc(p unsafe.Pointer, kept, size int) (unsafe.Pointer, error)
	}); ok {
		return m.Recalloc(p, kept, size)
	}
	p, err := m.Realloc(p, size)
	if err == nil {
		clearFrom(raw.Addr(p), uintptr(kept), uintptr(size))
	}
	return p, err
}

// checkerOf returns the checker of the Allocator that m is or belongs to. It returns nil if
// that Allocator is not checked, or if m belongs to none.
func checkerOf(m Memory) *checker {
	switch m := m.(type) {
	case *Allocator:
		return m.checked
	case *Local:
		return m.a.checked
	}
	return nil
}
