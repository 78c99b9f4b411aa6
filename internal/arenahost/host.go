// SPDX-License-Identifier: Apache-2.0

package arenahost

import "github.com/ashlar-go/ashlar/internal/vm"

// A Host is an allocator that provides the memory of arenas.
type Host interface {
	// Obtain returns a block of size bytes aligned to align, a power of two, and
	// whether all of it is known to be zero. It returns the errors of Malloc.
	Obtain(size, align int) (addr uintptr, zeroed bool, err error)

	// Release frees a block that Obtain returned. It panics as Free does.
	Release(addr uintptr)

	// AdviseHuge asks the kernel for huge pages in size bytes at addr. If the kernel
	// refuses, the allocator logs a warning.
	AdviseHuge(addr, size uintptr)

	// Unguarded logs a warning: the kernel refused to make memory inaccessible, and err
	// is its reason. The caller must hold no lock.
	Unguarded(err error)

	// Space returns the account that counts the memory of Obtain.
	Space() *vm.Space

	// Register returns the list of the arenas in this memory.
	Register() *Register
}

// HostOf returns the Host of an *alloc.Allocator. Package alloc sets the variable in init.
var HostOf func(allocator any) Host
