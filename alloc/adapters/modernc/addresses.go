// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// pointer returns addr, that of a block or 0, as a pointer.
func pointer(addr uintptr) unsafe.Pointer { return alloc.Address(addr).Pointer() }

// UintptrMalloc is UnsafeMalloc for addresses.
func (a *Allocator) UintptrMalloc(size int) (uintptr, error) {
	p, err := a.UnsafeMalloc(size)
	return uintptr(p), err
}

// UintptrCalloc is UnsafeCalloc for addresses.
func (a *Allocator) UintptrCalloc(size int) (uintptr, error) {
	p, err := a.UnsafeCalloc(size)
	return uintptr(p), err
}

// UintptrRealloc is UnsafeRealloc for addresses.
func (a *Allocator) UintptrRealloc(p uintptr, size int) (uintptr, error) {
	q, err := a.UnsafeRealloc(pointer(p), size)
	return uintptr(q), err
}

// UintptrFree is UnsafeFree for addresses.
func (a *Allocator) UintptrFree(p uintptr) error { return a.UnsafeFree(pointer(p)) }

// UsableSize returns the size in bytes of the block that begins at p, any
// Allocator's; 0 for nil. It panics with an *alloc.MisuseError if p is no start of
// a live block.
func UsableSize(p *byte) int { return alloc.UsableSize(unsafe.Pointer(p)) }

// UintptrUsableSize is UsableSize for addresses.
func UintptrUsableSize(p uintptr) int { return alloc.UsableSize(pointer(p)) }

// UnsafeUsableSize is UsableSize for pointers.
func UnsafeUsableSize(p unsafe.Pointer) int { return alloc.UsableSize(p) }
