// SPDX-License-Identifier: Apache-2.0

// Package raw holds the module's only conversions between addresses and
// pointers.
//
// Ashlar computes with addresses (uintptr) of memory that the kernel mapped for
// it and the garbage collector has never heard of. Three facts make the
// conversions here sound, and each caller must keep them true:
//
//   - The address lies in a mapping owned by this module, never in the Go heap,
//     a Go stack or static data. The collector moves and frees nothing there, so
//     an address stays good for as long as the mapping does. (In race builds
//     blocks lie in large pieces of the Go heap, which never moves anything,
//     and the pieces are never freed.)
//   - The memory holds no Go pointers. Links between structures in it are
//     stored as uintptr, so no write barrier runs and no barrier can read a
//     stale slot.
//   - What an address is viewed as is aligned for that type; mappings are
//     page-aligned and every structure's offset in them is chosen to keep this.
package raw

import "unsafe"

// Pointer returns addr as a pointer. The sum form, rather than a conversion,
// tells go vet that no arithmetic on a Go object is being smuggled through a
// uintptr: there is no Go object. In race builds there is one, a large piece of
// bytes that stays allocated, and the sum would look like one that strays into it.
//
//go:nocheckptr
func Pointer(addr uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), addr) }

// At views the memory at addr as a T.
func At[T any](addr uintptr) *T { return (*T)(Pointer(addr)) }

// Bytes views the n bytes at addr as a slice.
func Bytes(addr, n uintptr) []byte { return unsafe.Slice((*byte)(Pointer(addr)), n) }

// Addr returns the address in p.
func Addr(p unsafe.Pointer) uintptr { return uintptr(p) }

// AlignUp rounds n up to a multiple of align, a power of two.
func AlignUp(n, align uintptr) uintptr { return (n + align - 1) &^ (align - 1) }

// AlignDown rounds n down to a multiple of align, a power of two.
func AlignDown(n, align uintptr) uintptr { return n &^ (align - 1) }
