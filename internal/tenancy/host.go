// SPDX-License-Identifier: Apache-2.0

package tenancy

import "github.com/ashlar-go/ashlar/internal/vm"

// A Host lends memory to tenants.
type Host interface {
	// Obtain returns a block of size bytes aligned to align, a power of two, and
	// whether all of it is known to be zero. Errors are those of Malloc.
	Obtain(size, align int) (addr uintptr, zero bool, err error)

	// Release takes back what Obtain returned. It panics as Free does.
	Release(addr uintptr)

	// AdviseHuge asks for huge pages. That the kernel has none is no error; the
	// allocator's logger is told.
	AdviseHuge(addr, size uintptr)

	// Unguarded tells the allocator's logger that the kernel refuses, for the reason err,
	// to make memory inaccessible. The caller holds no lock.
	Unguarded(err error)

	// Space is the account of the memory that Obtain returns.
	Space() *vm.Space

	// Register lists the tenants.
	Register() *Register
}

// HostOf returns an allocator as a Host. Package alloc sets it.
var HostOf func(allocator any) Host
