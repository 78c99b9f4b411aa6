// SPDX-License-Identifier: Apache-2.0

// Package raw contains the module's only conversions between addresses and pointers.
//
//	p := raw.Pointer(addr)            // an unsafe.Pointer
//	h := raw.At[header](addr)         // a *header
//	b := raw.Bytes(addr, n)           // a []byte
//
// No function checks its argument, returns an error or panics. An access through a wrong
// pointer is undefined.
//
// The module computes with addresses (uintptr) of memory that the kernel mapped for it
// and that the garbage collector does not know. The conversions are sound under three
// conditions, and each caller must keep them true:
//
//   - The address lies in a mapping that this module owns, never in the Go heap, a Go
//     stack or static data. The collector moves and frees nothing there, so an address
//     is valid as long as the mapping exists. (In race builds blocks lie in large pieces
//     of the Go heap. Go does not move heap memory, and the pieces are never freed.)
//   - The memory contains no Go pointers. Links between structures in it are stored as
//     uintptr. So no write barrier runs, and none can read a stale slot.
//   - The address is aligned for the type. Mappings are page-aligned, and the offsets of
//     all structures in them are chosen accordingly.
package raw

import "unsafe"

// Pointer converts addr to a pointer. It adds addr to nil instead of converting directly:
// go vet reports direct conversions, because they may hide arithmetic on a Go object, and
// here there is no such object. In race builds there is one, a large piece of bytes that is
// never freed. There checkptr would report the sum, hence nocheckptr.
//
//go:nocheckptr
func Pointer(addr uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), addr) }

// At returns the memory at addr as a *T.
func At[T any](addr uintptr) *T { return (*T)(Pointer(addr)) }

// Bytes returns the n bytes at addr as a slice.
func Bytes(addr, n uintptr) []byte { return unsafe.Slice((*byte)(Pointer(addr)), n) }

// Addr returns the address of p.
func Addr(p unsafe.Pointer) uintptr { return uintptr(p) }

// Pointers views a slice of pointers as one of untyped pointers.
func Pointers[T any](s []*T) []unsafe.Pointer {
	return unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

// AlignUp rounds n up to a multiple of align, which must be a power of two.
func AlignUp(n, align uintptr) uintptr { return (n + align - 1) &^ (align - 1) }

// AlignDown rounds n down to a multiple of align, which must be a power of two.
func AlignDown(n, align uintptr) uintptr { return n &^ (align - 1) }
