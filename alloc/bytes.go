// SPDX-License-Identifier: Apache-2.0

package alloc

import "unsafe"

// MallocBytes returns a slice of n bytes outside the Go heap. Its contents are unspecified.
// Its capacity is its length, rounded up by up to 127 bytes in blocks of more than 1 KiB:
// to use GoodSize(n) bytes, request them. FreeBytes frees it.
//
// The built-in append would copy a full slice to the Go heap and lose the block: use
// Append or ReallocBytes to grow it. The errors are those of Malloc.
func (a *Allocator) MallocBytes(n int) ([]byte, error) {
	p, err := a.Malloc(roomFor(n))
	return asBytes(p, n, err)
}

// CallocBytes is MallocBytes, but all bytes are zero.
func (a *Allocator) CallocBytes(n int) ([]byte, error) {
	p, err := a.Calloc(1, roomFor(n))
	return asBytes(p, n, err)
}

// ReallocBytes changes the length of b to n bytes, moving it if necessary, and returns it.
// The contents are kept up to the smaller length; bytes that are added are unspecified. b
// must begin where its block begins, and is not to be used afterwards.
//
// ReallocBytes(nil, n) is MallocBytes(n). ReallocBytes(b, 0) frees b and returns nil. If an
// error is returned, b is as it was; the errors are those of Malloc.
func (a *Allocator) ReallocBytes(b []byte, n int) ([]byte, error) {
	if b == nil {
		return a.MallocBytes(n)
	}
	p, err := a.Realloc(unsafe.Pointer(unsafe.SliceData(b)), newSize(n))
	return asBytes(p, n, err)
}

// FreeBytes frees the block of b, a slice from MallocBytes, CallocBytes or ReallocBytes. b
// must begin where its block begins; its length does not matter. nil is ignored. Misuse
// panics as it does in Free.
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

// newSize returns the size to ask of Realloc for a slice of n bytes: 0 frees the block.
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
