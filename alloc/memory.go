// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Memory is the common interface of *Allocator, *Local and *Tag. The typed helpers (New,
// MakeSlice, Append, Free and others) accept any Memory. The methods do what Allocator's methods
// of the same names do.
//
// A program may implement Memory itself, for example to count blocks or to fail in tests. Its
// Malloc and Calloc must return blocks that are aligned to 16 bytes. For a request of GoodSize
// bytes they must return a block of GoodSize bytes.
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

// Must returns v. It panics with err if err is not nil. Must is for programs that cannot
// continue without the memory, as with the built-in make:
//
//	p := alloc.Must(alloc.New[point](a))
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// recalloc resizes p as m's Realloc does. It zeroes all bytes of the block after the first kept
// bytes, up to size.
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

// underlying returns the Allocator that m is or belongs to. It returns nil if m is of
// another type.
func underlying(m Memory) *Allocator {
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
