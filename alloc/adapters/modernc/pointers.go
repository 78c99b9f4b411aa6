// SPDX-License-Identifier: Apache-2.0

package memory

import "unsafe"

// The forms that take and return pointers do the work; the forms for addresses and
// slices stand on them.

// minBlock is the least number of bytes that a block has, as with the original. Callers
// count on it: modernc.org/libc writes a link into blocks that it caches. Guarded and
// checked blocks have no more bytes than are requested.
const minBlock = 16

// UnsafeMalloc returns a block of size bytes, aligned to 16. Its contents are
// unspecified. Size 0 gives nil; a negative size panics. The error wraps one of
// those of package alloc.
func (a *Allocator) UnsafeMalloc(size int) (unsafe.Pointer, error) {
	if size <= 0 {
		return none(size)
	}
	h := a.use()
	p, err := h.Malloc(max(size, minBlock))
	if err == nil {
		a.count(h, 1)
	}
	return p, err
}

// UnsafeCalloc is UnsafeMalloc, but the size bytes are zero.
func (a *Allocator) UnsafeCalloc(size int) (unsafe.Pointer, error) {
	if size <= 0 {
		return none(size)
	}
	h := a.use()
	p, err := h.Calloc(1, max(size, minBlock))
	if err == nil {
		a.count(h, 1)
	}
	return p, err
}

// none is what is returned for a size that needs no block.
func none(size int) (unsafe.Pointer, error) {
	if size < 0 {
		panic("memory: negative size")
	}
	return nil, nil
}

// UnsafeRealloc changes the size of block p to size bytes and returns where it is
// now. The contents are kept up to the lesser of both sizes, what is added is
// unspecified. A nil p makes it UnsafeMalloc, a size of 0 UnsafeFree. If an error
// is returned, p is as it was. A p that is no live block of a panics with an
// *alloc.MisuseError.
func (a *Allocator) UnsafeRealloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	if p == nil {
		return a.UnsafeMalloc(size)
	}
	if size == 0 {
		return nil, a.UnsafeFree(p)
	}
	if size > 0 {
		size = max(size, minBlock)
	}
	h := a.use()
	p, err := h.Realloc(p, size)
	a.count(h, 0)
	return p, err
}

// UnsafeFree takes block p back; nil is ignored. A p that is no live block of a
// panics with an *alloc.MisuseError; the error is always nil.
func (a *Allocator) UnsafeFree(p unsafe.Pointer) error {
	if p != nil {
		h := a.use()
		h.Free(p)
		a.count(h, -1)
	}
	return nil
}
