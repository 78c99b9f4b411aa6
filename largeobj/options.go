// SPDX-License-Identifier: Apache-2.0

package largeobj

// A Policy says what becomes of an object's memory when it is freed.
type Policy uint8

const (
	// Retain keeps freed memory for the next object. Memory that no object has used for
	// half a second to three quarters is purged, and after ten seconds it is unmapped,
	// if alloc.Options.Decay is the default of a second; otherwise the times are
	// proportional to Decay. The default.
	Retain Policy = iota
	// Unmap gives memory back to the kernel when it is freed.
	Unmap
	// Keep retains freed memory, however old it gets, until Allocator.Trim. RetainBytes
	// bounds it too.
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

// Options are the options of the heap of large objects. The zero value is the default of
// each.
type Options struct {
	// Policy says what becomes of freed memory. Default: Retain.
	Policy Policy

	// RetainBytes bounds the freed memory that is retained, in bytes of whole mappings,
	// purged ones included. 0 means 256 MiB (64 MiB on 32-bit systems); a negative value
	// means that nothing is retained. What exceeds the bound is unmapped, the oldest
	// first. Processors count what they retain in steps, so the bound may be exceeded by
	// an eighth. Memory of an object that is longer than the bound is never retained.
	RetainBytes int64

	// LazyPurge purges by MADV_FREE. The kernel then takes the RAM when it is short of
	// it. Until then the RAM counts for the process, and costs less to use again.
	// Default: MADV_DONTNEED, which gives the RAM back at once.
	LazyPurge bool

	// MaxMappings is the number of mappings from which on objects share larger mappings,
	// instead of having one each. It counts the mappings of this module in the process.
	// 0 means half of the kernel's bound (vm.max_map_count).
	MaxMappings int64
}
