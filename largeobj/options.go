// SPDX-License-Identifier: Apache-2.0

package largeobj

// A Policy says what becomes of an object's memory when it is freed.
type Policy uint8

const (
	// Retain keeps freed memory for the next object, purges it when it has not
	// been wanted for half a second and unmaps it after ten. The default.
	Retain Policy = iota
	// Unmap gives memory back to the kernel as it is freed.
	Unmap
	// Keep retains freed memory until Purge(true) asks for it, however old it
	// gets. The budget of retained bytes holds for it too.
	Keep
)

func (p Policy) String() string {
	switch p {
	case Retain:
		return "retain"
	case Unmap:
		return "unmap"
	case Keep:
		return "keep"
	}
	return "unknown policy"
}

// Options are a Heap's settings. The zero value is the default of each.
type Options struct {
	// Policy says what becomes of freed memory. Default: Retain.
	Policy Policy

	// RetainBytes is the budget of memory kept after it was freed, in bytes of
	// whole regions, purged ones included. What goes beyond it is unmapped, the
	// oldest first (to a quarter of a second). Processors report what they hold in
	// steps, so the budget may be exceeded by up to an eighth. An object longer than
	// the budget is never kept. 0: 256 MiB (64 MiB on 32-bit). Negative: nothing is
	// kept.
	RetainBytes int64

	// LazyPurge purges by MADV_FREE: the kernel takes the RAM when it is short of
	// it, and until then it shows in the process' resident set, but is cheaper to
	// use again. Default: MADV_DONTNEED, at once.
	LazyPurge bool

	// MaxMappings is the number of mappings in the process (those that ashlar
	// made) from which on objects are carved out of shared chunks instead of
	// mapped one by one. 0: half of what the kernel allows (vm.max_map_count).
	MaxMappings int64
}
