// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Owns reports whether p is the address of a block of the Allocator, live or free. For an
// address inside a block the result is unspecified. A program with memory from several sources
// uses Owns to choose where to free a block:
//
//	if a.Owns(p) {
//		a.Free(p) // panics if the block is free already
//	}
//
// Owns returns false for nil, for memory that was given back to the kernel, and after Close.
func (a *Allocator) Owns(p unsafe.Pointer) bool { return allocatorOf(raw.Addr(p)) == a }

// FreeAny frees the block p of any Allocator. It is slower than the Free of that Allocator.
// nil is ignored. Misuse panics as in Allocator.Free.
func FreeAny(p unsafe.Pointer) {
	addr := raw.Addr(p)
	if addr == 0 {
		return
	}
	a := allocatorOf(addr)
	if a == nil {
		panic(describeResident(opFree, &resident{addr: addr}))
	}
	a.Free(p)
}
