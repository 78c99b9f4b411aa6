// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// An Address is the address of memory outside the Go heap as a plain number. It is for
// indexes and tables that the collector then need not scan: a map[uint64]Address or an
// []Address holds no Go pointers, and may itself be outside the Go heap. The zero Address
// is that of nil.
//
// A program that makes pointers of numbers in its own way needs
// Options.AddressesAsNumbers to be built with -race; Pointer does not.
//
// An Address keeps nothing alive and means nothing in another process: arena.Ref does.
type Address uintptr

// AddressOf returns the Address of p. p must not point into Go memory: a stack moves, and
// the collector frees what only an Address leads to.
func AddressOf(p unsafe.Pointer) Address { return Address(raw.Addr(p)) }

// Pointer returns the pointer whose Address a is. As with any pointer, the caller knows
// whether the memory was freed meanwhile.
func (a Address) Pointer() unsafe.Pointer { return raw.Pointer(uintptr(a)) }
