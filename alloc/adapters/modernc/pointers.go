// SPDX-License-Identifier: Apache-2.0

package memory

import "unsafe"

// The functions in this file take and return pointers. The functions for addresses and slices
// call them.

// minBlock is the smallest size of a block in bytes, as with the original. Callers rely on it:
// modernc.org/libc writes a link into blocks that it caches. Without minBlock, guarded and
// checked blocks would have only the requested bytes.
const minBlock = 16

// UnsafeMalloc returns a block of size bytes, aligned to 16 bytes. Its contents are
// unspecified. Size 0 gives nil, and a negative size panics. The error wraps one of package
// alloc's.
func (a *Allocator) UnsafeMalloc(size int) (unsafe.Pointer, error) {
	if size <= 0 {
		return none(size)
	}
	h := a.use()
	p, err := h.Malloc(blockSize(size))
	if err == nil {
		a.count(h, 1)
	}
	return p, err
}

// UnsafeCalloc does what UnsafeMalloc does, and zeroes the bytes.
func (a *Allocator) UnsafeCalloc(size int) (unsafe.Pointer, error) {
	if size <= 0 {
		return none(size)
	}
	h := a.use()
	p, err := h.Calloc(1, blockSize(size))
	if err == nil {
		a.count(h, 1)
	}
	return p, err
}

// blockSize returns the size to request for a block of size bytes. It does without the
// built-in max, because the original's tests have a variable of that name.
func blockSize(size int) int {
	if size < minBlock {
		return minBlock
	}
	return size
}

// none returns nil for size 0, and panics for a negative size.
func none(size int) (unsafe.Pointer, error) {
	if size < 0 {
		panic("memory: negative size")
	}
	return nil, nil
}

// UnsafeRealloc changes the size of block p to size bytes and returns the address of the
// block, which may be another. It keeps the contents up to the smaller of both sizes; added
// bytes are unspecified. With a nil p it does what UnsafeMalloc does, and with size 0 what
// UnsafeFree does. After an error, p is unchanged. It panics with an *alloc.MisuseError if p
// is not a live block of a.
func (a *Allocator) UnsafeRealloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	if p == nil {
		return a.UnsafeMalloc(size)
	}
	if size == 0 {
		return nil, a.UnsafeFree(p)
	}
	if size > 0 {
		size = blockSize(size)
	}
	h := a.use()
	p, err := h.Realloc(p, size)
	a.count(h, 0)
	return p, err
}

// UnsafeFree frees block p. It ignores nil. It panics with an *alloc.MisuseError if p is not a
// live block of a. The error is always nil.
func (a *Allocator) UnsafeFree(p unsafe.Pointer) error {
	if p != nil {
		h := a.use()
		h.Free(p)
		a.count(h, -1)
	}
	return nil
}
