// SPDX-License-Identifier: Apache-2.0

package arena

import "sync/atomic"

// An AtomicRef is a Ref that goroutines, and processes that share the store, may read and
// change at once. A Load that returns a ref also sees all writes before the Store or
// CompareAndSwap of that ref. The zero AtomicRef is nil. It belongs into an object of a
// Store and must not be copied.
type AtomicRef[T any] struct {
	_   [0]*T
	off atomic.Uint64
}

// Load returns the ref.
func (r *AtomicRef[T]) Load() Ref[T] { return Ref[T]{off: r.off.Load()} }

// Store sets the ref.
func (r *AtomicRef[T]) Store(to Ref[T]) { r.off.Store(to.off) }

// CompareAndSwap sets the ref to the second argument if it equals the first, and reports
// whether it did.
func (r *AtomicRef[T]) CompareAndSwap(from, to Ref[T]) bool {
	return r.off.CompareAndSwap(from.off, to.off)
}
