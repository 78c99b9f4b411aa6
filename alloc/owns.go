// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Owns reports whether p is the address of a block of the Allocator, live or free. For an
// address inside a block it may report either. A program whose memory comes from several
// places decides by Owns where a block is freed:
//
//	if a.Owns(p) {
//		a.Free(p) // which panics if the block is free already
//	}
//
// Owns is false for nil, for memory that was given back to the kernel, and after Close.
func (a *Allocator) Owns(p unsafe.Pointer) bool { return allocatorOf(raw.Addr(p)) == a }

// FreeAny frees the block p, of whichever Allocator it is. It costs somewhat more than that
// Allocator's Free. nil is ignored; misuse panics as it does in Allocator.Free.
func FreeAny(p unsafe.Pointer) {
	addr := raw.Addr(p)
	if addr == 0 {
		return
	}
	a := allocatorOf(addr)
	if a == nil {
		r := resolve(addr, anyOwner)
		panic(describeResident(opFree, &r))
	}
	a.Free(p)
}
