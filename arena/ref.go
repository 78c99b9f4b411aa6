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

// A Store is an arena that outlives its addresses: a File or a SharedArena. What is
// in it refers to other things in it by Ref, SliceRef and StringRef.
type Store interface {
	// view says where the store is mapped.
	view() *view
	// take allocates, and returns the offset.
	take(op string, size, align uint64) (uint64, error)
	// lengthen allocates size bytes at an offset, if that is where the next allocation
	// begins and there is room.
	lengthen(off, size uint64) bool
	// fail returns err as an error of the store's.
	fail(op string, err error) error
	// rooted returns the offset of the root, which is of that type, or makes it.
	rooted(op string, t fingerprint, size, align uint64) (uint64, error)
}

// A view is where a store is mapped.
//
//	dataFloor ≤ offset,  offset + size ≤ *used     for what a ref leads to
type view struct {
	base uintptr
	used *uint64 // bytes, atomic; in a shared arena that of all processes
}

// at returns the address of size bytes at an offset that came from a ref.
func (v *view) at(off, size, align uint64) unsafe.Pointer {
	if used := atomic.LoadUint64(v.used); off < dataFloor || size > used || off > used-size || off&(align-1) != 0 {
		v.stray(off, size)
	}
	return raw.Pointer(v.base + uintptr(off))
}

// stray panics with the story of a ref that leads nowhere.
func (v *view) stray(off, size uint64) {
	panic(&alloc.MisuseError{Kind: alloc.InvalidPointer, Op: "arena.Ref.Get", Addr: v.base + uintptr(off), State: "not allocated",
		Detail: fmt.Sprintf("the ref leads to %d bytes at offset %d, where nothing was allocated: "+
			"it belongs to another arena, or was overwritten", size, off)})
}

// A Ref is a pointer to a T in a Store: an offset, which is good wherever the store
// is mapped, today, after a restart or in another process. The zero Ref is nil. It
// holds no Go pointers, so it can be part of what a store holds.
type Ref[T any] struct {
	_   [0]*T
	off uint64
}

// NewRef allocates a zeroed T in the store. The error is a *FileError that wraps
// alloc.ErrHasPointers if T holds Go pointers, alloc.ErrLimit if the store is full,
// or says why the store cannot be written to.
func NewRef[T any](s Store) (Ref[T], error) {
	const op = "NewRef"
	if err := plain[T](); err != nil {
		return Ref[T]{}, s.fail(op, err)
	}
	off, err := s.take(op, sizeOf[T](), alignOf[T]())
	return Ref[T]{off: off}, err
}

// RefTo returns the ref of p, which Get or a slice of a SliceRef gave, nil for nil.
// It panics with a *alloc.MisuseError if p does not lead into the store.
func RefTo[T any](s Store, p *T) Ref[T] {
	if p == nil {
		return Ref[T]{}
	}
	v := s.view()
	off := uint64(raw.Addr(unsafe.Pointer(p)) - v.base)
	v.at(off, sizeOf[T](), alignOf[T]())
	return Ref[T]{off: off}
}

// IsNil reports whether the ref leads nowhere.
func (r Ref[T]) IsNil() bool { return r.off == 0 }

// Get returns where the T is now: nil for a nil ref. A File keeps its addresses as
// long as it is open. A ref that is not of this store panics with a
// *alloc.MisuseError, or leads to something else in it.
func (r Ref[T]) Get(s Store) *T {
	if r.off == 0 {
		return nil
	}
	return (*T)(s.view().at(r.off, sizeOf[T](), alignOf[T]()))
}

// Root returns the one object of a store from which all others are reached: a zeroed
// T when it is asked for first. Its type is part of the store: later calls, of other
// processes too, must name a type of the same layout, or get ErrRootType. The layout
// is that of T and of everything that its refs lead to: kinds, names and offsets of
// fields, sizes. In a File the root is there after the next Sync.
func Root[T any](s Store) (*T, error) {
	const op = "Root"
	if err := plain[T](); err != nil {
		return nil, s.fail(op, err)
	}
	off, err := s.rooted(op, fingerprintOf[T](), max(sizeOf[T](), 1), alignOf[T]())
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

// alignOf is 8 at least where a processor of another kind could want it.
func alignOf[T any]() uint64 { return uint64(unsafe.Alignof(*new(T))) }
