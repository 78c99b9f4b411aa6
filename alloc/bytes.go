// SPDX-License-Identifier: Apache-2.0

package alloc

import "unsafe"

// MallocBytes returns a slice of n bytes outside the Go heap, with unspecified contents. Its
// capacity equals n, rounded up by at most 127 bytes in blocks of more than 1 KiB. To use
// GoodSize(n) bytes, request GoodSize(n) bytes. FreeBytes frees the slice. The errors are
// those of Malloc.
//
// The built-in append copies a full slice to the Go heap, and the block leaks. To grow the
// slice, use Append or ReallocBytes.
func (a *Allocator) MallocBytes(n int) ([]byte, error) {
	p, err := a.Malloc(roomFor(n))
	return asBytes(p, n, err)
}

// CallocBytes returns a zeroed slice of n bytes. Otherwise it is like MallocBytes.
func (a *Allocator) CallocBytes(n int) ([]byte, error) {
	p, err := a.Calloc(1, roomFor(n))
	return asBytes(p, n, err)
}

// ReallocBytes changes the length of b to n bytes and returns the slice, which may have moved.
// The contents are kept up to the smaller length; added bytes are unspecified. b must begin
// where its block begins. After success b must not be used.
//
// ReallocBytes(nil, n) is MallocBytes(n). ReallocBytes(b, 0) frees b and returns nil. If an
// error is returned, b is unchanged. The errors are those of Malloc. Misuse panics as in Free.
func (a *Allocator) ReallocBytes(b []byte, n int) ([]byte, error) {
	if b == nil {
		return a.MallocBytes(n)
	}
	p, err := a.Realloc(unsafe.Pointer(unsafe.SliceData(b)), newSize(n))
	return asBytes(p, n, err)
}

// FreeBytes frees the block of b, a slice from MallocBytes, CallocBytes or ReallocBytes. b
// must begin where its block begins; its length does not matter. nil is ignored. Misuse panics
// as in Free.
func (a *Allocator) FreeBytes(b []byte) {
	freeValue(a, unsafe.Pointer(unsafe.SliceData(b)), cap(b), false)
}

// MallocBytes is Allocator.MallocBytes.
func (l *Local) MallocBytes(n int) ([]byte, error) {
	p, err := l.Malloc(roomFor(n))
	return asBytes(p, n, err)
}

// CallocBytes is Allocator.CallocBytes.
func (l *Local) CallocBytes(n int) ([]byte, error) {
	p, err := l.Calloc(1, roomFor(n))
	return asBytes(p, n, err)
}

// ReallocBytes is Allocator.ReallocBytes.
func (l *Local) ReallocBytes(b []byte, n int) ([]byte, error) {
	if b == nil {
		return l.MallocBytes(n)
	}
	p, err := l.Realloc(unsafe.Pointer(unsafe.SliceData(b)), newSize(n))
	return asBytes(p, n, err)
}

// FreeBytes is Allocator.FreeBytes.
func (l *Local) FreeBytes(b []byte) {
	freeValue(l, unsafe.Pointer(unsafe.SliceData(b)), cap(b), false)
}

// newSize returns the size to request from Realloc for a slice of n bytes: 0 frees the block.
func newSize(n int) int {
	if n == 0 {
		return 0
	}
	return roomFor(n)
}

// asBytes returns the block at p as a slice of n bytes; nil if there is none.
func asBytes(p unsafe.Pointer, n int, err error) ([]byte, error) {
	if p == nil || err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), roomFor(n))[:n], nil
}
