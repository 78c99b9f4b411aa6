// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// pointer converts addr, which is the address of a block or 0, to a pointer.
func pointer(addr uintptr) unsafe.Pointer { return alloc.Address(addr).Pointer() }

// UintptrMalloc does what UnsafeMalloc does, with addresses.
func (a *Allocator) UintptrMalloc(size int) (uintptr, error) {
	p, err := a.UnsafeMalloc(size)
	return uintptr(p), err
}

// UintptrCalloc does what UnsafeCalloc does, with addresses.
func (a *Allocator) UintptrCalloc(size int) (uintptr, error) {
	p, err := a.UnsafeCalloc(size)
	return uintptr(p), err
}

// UintptrRealloc does what UnsafeRealloc does, with addresses.
func (a *Allocator) UintptrRealloc(p uintptr, size int) (uintptr, error) {
	q, err := a.UnsafeRealloc(pointer(p), size)
	return uintptr(q), err
}

// UintptrFree does what UnsafeFree does, with addresses.
func (a *Allocator) UintptrFree(p uintptr) error { return a.UnsafeFree(pointer(p)) }

// UsableSize returns the usable size in bytes of the block that begins at p, or 0 for nil. The
// block may belong to any Allocator. UsableSize panics with an *alloc.MisuseError if no live
// block begins at p.
func UsableSize(p *byte) int { return alloc.UsableSize(unsafe.Pointer(p)) }

// UintptrUsableSize does what UsableSize does, with addresses.
func UintptrUsableSize(p uintptr) int { return alloc.UsableSize(pointer(p)) }

// UnsafeUsableSize does what UsableSize does, with pointers.
func UnsafeUsableSize(p unsafe.Pointer) int { return alloc.UsableSize(p) }
