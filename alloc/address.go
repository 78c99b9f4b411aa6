// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// An Address is the address of off-heap memory as a plain number. The zero Address is that of
// nil. It is for large indexes and tables: the garbage collector does not scan a
// map[uint64]Address or an []Address, because they contain no Go pointers. They may themselves
// be off-heap.
//
// A program that converts numbers to pointers without Pointer must set
// Options.AddressesAsNumbers in race builds.
//
// An Address keeps no memory alive, and is meaningless in another process. For references
// across processes use arena.Ref.
type Address uintptr

// AddressOf returns the Address of p. If p points into Go memory, the Address becomes invalid:
// stacks move, and the garbage collector frees what only an Address refers to.
func AddressOf(p unsafe.Pointer) Address { return Address(raw.Addr(p)) }

// Pointer returns the pointer whose Address a is. As with any pointer, the caller knows
// whether the memory was freed meanwhile.
func (a Address) Pointer() unsafe.Pointer { return raw.Pointer(uintptr(a)) }
