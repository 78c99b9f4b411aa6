// SPDX-License-Identifier: Apache-2.0

package arena

import "sync/atomic"

// An AtomicRef is a Ref that goroutines, and processes that share the store, may read
// and change at once. What was written before a Store or a CompareAndSwap is seen by who
// loads the ref then. The zero AtomicRef is nil. It is for a place in a Store: it must
// not be copied.
type AtomicRef[T any] struct {
	_   [0]*T
	off atomic.Uint64
}

// Load returns the ref.
func (r *AtomicRef[T]) Load() Ref[T] { return Ref[T]{off: r.off.Load()} }

// Store changes the ref.
func (r *AtomicRef[T]) Store(to Ref[T]) { r.off.Store(to.off) }

// CompareAndSwap changes the ref from one to another, and reports whether it was the
// one.
func (r *AtomicRef[T]) CompareAndSwap(from, to Ref[T]) bool {
	return r.off.CompareAndSwap(from.off, to.off)
}
