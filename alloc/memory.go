// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Memory is what an *Allocator, a *Local and a *Tag have in common. The typed helpers (New,
// MakeSlice, Append, Free and others) take any of them. Allocator's methods of these names say
// what each does.
//
// A program may have a Memory of its own: one that counts, or one that fails in tests.
// Its Malloc and Calloc return blocks that are aligned to 16 bytes and have GoodSize
// bytes if GoodSize bytes are requested.
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

// allocatorBehind returns the Allocator that m is a handle to, nil if m is none.
func allocatorBehind(m Memory) *Allocator {
	switch m := m.(type) {
	case *Allocator:
		return m
	case *Local:
		return m.a
	case *Tag:
		return m.a
	}
	return nil
}
