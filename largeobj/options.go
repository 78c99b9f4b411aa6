// SPDX-License-Identifier: Apache-2.0

package largeobj

// A Policy says what the heap does with an object's memory when the object is freed.
type Policy uint8

const (
	// Retain keeps freed memory for the next object. The default. Memory that no object
	// has used for 0.5 s to 0.75 s is purged, and after 10 s it is unmapped. These times
	// are proportional to alloc.Options.Decay; they hold for its default, 1 s.
	Retain Policy = iota
	// Unmap gives memory back to the kernel when it is freed.
	Unmap
	// Keep retains freed memory until Allocator.Trim, within RetainBytes.
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
	// Policy says what the heap does with freed memory. Default: Retain.
	Policy Policy

	// RetainBytes is the largest amount of freed memory that is retained, in bytes.
	// 0 means 256 MiB (64 MiB on 32-bit systems); under the policy Retain also that live
	// and retained memory together do not exceed, by more than an eighth and 1 MiB, what
	// was live at most in the last second. A negative value retains nothing. The
	// heap counts whole mappings, purged ones included, and unmaps the oldest first when
	// they exceed RetainBytes. Processors count in steps, so the excess can be an eighth.
	// An object longer than RetainBytes is never retained.
	RetainBytes int64

	// LazyPurge purges by MADV_FREE. Default: MADV_DONTNEED, which gives the RAM back at
	// once. After MADV_FREE the kernel takes the RAM when it is short of RAM. Until then
	// the RAM counts for the process, and using it again costs less.
	LazyPurge bool

	// MaxMappings is the number of mappings at which new objects begin to share larger
	// mappings. 0 means half of the kernel's limit (vm.max_map_count). The heap counts the
	// mappings of this module in the process.
	MaxMappings int64
}
