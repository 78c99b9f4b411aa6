// SPDX-License-Identifier: Apache-2.0

package arenahost

import "github.com/ashlar-go/ashlar/internal/vm"

// A Host is an allocator that provides the memory of arenas.
type Host interface {
	// Obtain returns a block of size bytes aligned to align, a power of two, and
	// whether all of it is known to be zero. It returns the error that the
	// *Error of Malloc would wrap. If trim is set, the allocator gives unused memory back to
	// the kernel before it fails.
	//
	// Obtain calls no function of the program, so the caller may hold locks. After the
	// caller has released them, it calls AtLimit and Obtained.
	Obtain(size, align int, trim bool) (addr uintptr, zeroed bool, err error)

	// AtLimit calls Options.OnLimit, after Obtain failed with ErrLimit for size bytes. It
	// reports whether to call Obtain again: OnLimit made room, and rounds, the number of
	// earlier calls of AtLimit for this request, is small. The caller must hold no lock.
	AtLimit(size, rounds int) bool

	// Obtained logs warnings about a call of Obtain for size bytes, which returned err. The
	// caller must hold no lock.
	Obtained(size int, err error)

	// Release frees a block that Obtain returned. It panics as Free does.
	Release(addr uintptr)

	// AdvisedHuge logs a warning if the kernel refused huge pages. err is the kernel's
	// answer to the request for them. The caller must hold no lock.
	AdvisedHuge(err error)

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
