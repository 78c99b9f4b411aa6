// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A Store is an arena whose objects have no fixed addresses: a File or a SharedArena. Its
// objects refer to each other by Ref, SliceRef and StringRef.
type Store interface {
	// view returns where the store is mapped.
	view() *view
	// take allocates size bytes and returns their offset.
	take(op string, size, align uint64) (uint64, error)
	// lengthen allocates size bytes at off, if the next allocation begins there and there
	// is room.
	lengthen(off, size uint64) bool
	// fail returns err as an error of the store.
	fail(op string, err error) error
	// findRoot returns the offset of the root, which has type t. If there is none, findRoot
	// makes it.
	findRoot(op string, t fingerprint, size, align uint64) (uint64, error)
}

// A view is where a store is mapped.
//
//	dataFloor ≤ offset,  offset + size ≤ *used     for the target of a ref
type view struct {
	base uintptr
	used *uint64 // bytes allocated; atomic; all processes of a shared arena share it
}

// at returns the address of the size bytes at the offset of a ref.
func (v *view) at(off, size, align uint64) unsafe.Pointer {
	if used := atomic.LoadUint64(v.used); off < dataFloor || size > used || off > used-size || off&(align-1) != 0 {
		v.panicInvalid(off, size)
	}
	return raw.Pointer(v.base + uintptr(off))
}

// panicInvalid panics because a ref has an offset that was not allocated.
func (v *view) panicInvalid(off, size uint64) {
	panic(&alloc.MisuseError{Kind: alloc.InvalidPointer, Op: "arena.Ref.Get", Addr: v.base + uintptr(off), State: "not allocated",
		Detail: fmt.Sprintf("the ref is for %d bytes at offset %d, which were not allocated: "+
			"the ref belongs to another arena, or was overwritten", size, off)})
}

// A Ref is a pointer to a T in a Store, stored as an offset. It is valid wherever the store
// is mapped: in this process, after a restart, in another process. The zero Ref is nil. A
// Ref holds no Go pointers, so objects in a store can contain it.
type Ref[T any] struct {
	_   [0]*T
	off uint64
}

// NewRef allocates a zeroed T in the store. The error is a *FileError. It wraps
// alloc.ErrHasPointers if T holds Go pointers, alloc.ErrLimit if the store is full, or the
// reason why the store cannot be changed.
func NewRef[T any](s Store) (Ref[T], error) {
	const op = "NewRef"
	if err := plain[T](); err != nil {
		return Ref[T]{}, s.fail(op, err)
	}
	off, err := s.take(op, sizeOf[T](), alignOf[T]())
	return Ref[T]{off: off}, err
}

// RefTo returns the ref of p, a pointer from Get or into the slice of a SliceRef. It
// returns nil for nil. It panics with a *alloc.MisuseError if p does not point into the
// store.
func RefTo[T any](s Store, p *T) Ref[T] {
	if p == nil {
		return Ref[T]{}
	}
	v := s.view()
	off := uint64(raw.Addr(unsafe.Pointer(p)) - v.base)
	v.at(off, sizeOf[T](), alignOf[T]())
	return Ref[T]{off: off}
}

// IsNil reports whether the ref is nil.
func (r Ref[T]) IsNil() bool { return r.off == 0 }

// Get returns the current address of the T, or nil for a nil ref. Addresses in a File stay
// the same until Close. For a ref of another store, Get panics with a *alloc.MisuseError or
// returns some other address in this store.
func (r Ref[T]) Get(s Store) *T {
	if r.off == 0 {
		return nil
	}
	return (*T)(s.view().at(r.off, sizeOf[T](), alignOf[T]()))
}

// Root returns the root: the one object of a store from which all others are reached. The
// first call makes it, as a zeroed T. In a File the root is stored by the next Sync.
//
// The layout of the root's type is part of the store: the kinds, names and offsets of
// fields, and sizes, of T and of all types that its refs lead to. Root fails with
// ErrRootType if the store's root has another layout, even if another process made it.
func Root[T any](s Store) (*T, error) {
	const op = "Root"
	if err := plain[T](); err != nil {
		return nil, s.fail(op, err)
	}
	off, err := s.findRoot(op, fingerprintOf[T](), max(sizeOf[T](), 1), alignOf[T]())
	if err != nil {
		return nil, err
	}
	return Ref[T]{off: off}.Get(s), nil
}

func plain[T any]() error {
	if t := gotype.Of[T](); !t.Plain() {
		return fmt.Errorf("%w: %v", alloc.ErrHasPointers, t.Reflect())
	}
	return nil
}

func sizeOf[T any]() uint64 { return uint64(unsafe.Sizeof(*new(T))) }

// alignOf returns the alignment of T.
func alignOf[T any]() uint64 { return uint64(unsafe.Alignof(*new(T))) }
