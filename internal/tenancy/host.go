// SPDX-License-Identifier: Apache-2.0

package tenancy

import "github.com/ashlar-go/ashlar/internal/vm"

// A Host lends memory to tenants.
type Host interface {
	// Obtain returns a block of size bytes aligned to align, a power of two. zeroed
	// reports whether all of it is known to be zero. Errors are those of Malloc. If trim is
	// set, the allocator gives unused memory back to the kernel before it fails.
	//
	// Obtain calls no function of the program, so the caller may hold locks. The caller
	// calls AtLimit and Obtained after it has released them.
	Obtain(size, align int, trim bool) (addr uintptr, zeroed bool, err error)

	// AtLimit calls Options.OnLimit, because Obtain failed with ErrLimit for size bytes. The
	// caller holds no lock.
	AtLimit(size int)

	// Obtained reports the result of Obtain to the allocator's logger: err is nil if Obtain
	// returned size bytes. The caller holds no lock.
	Obtained(size int, err error)

	// Release takes back what Obtain returned. It panics as Free does.
	Release(addr uintptr)

	// AdvisedHuge reports the kernel's answer to a request for huge pages to the
	// allocator's logger. The caller holds no lock.
	AdvisedHuge(err error)

	// Unguarded reports to the allocator's logger that the kernel refuses to make memory
	// inaccessible, with the reason err. The caller holds no lock.
	Unguarded(err error)

	// Space is the account of the memory that Obtain returns.
	Space() *vm.Space

	// Register lists the tenants.
	Register() *Register
}

// HostOf returns an allocator as a Host. Package alloc sets it.
var HostOf func(allocator any) Host
