// SPDX-License-Identifier: Apache-2.0

package stats

import "time"

// A Process is the kernel's view of the memory of the process, and of the part in an
// allocator's mappings.
type Process struct {
	Time         time.Time
	RSS, PeakRSS int64 // resident bytes: now, and the highest value so far
	Swap         int64 // bytes swapped out

	// Ours covers the allocator's mappings and the metadata of all allocators.
	Ours Areas

	// All covers all mappings of the process.
	All Areas

	// Split is the part of Ours.RSS that is an estimate, in bytes. The kernel may merge
	// adjacent mappings into one and report one number for both. The number is then
	// divided in proportion to their lengths. Split is 0 where the kernel keeps the names
	// of our mappings.
	Split int64
}

// Areas contains the sums over mappings, in bytes except Count.
type Areas struct {
	Count      int   // number of mappings as the kernel counts: adjacent mappings of the same kind are one
	Mapped     int64 // address space
	RSS        int64 // resident
	PSS        int64 // resident; a page shared by n processes counts 1/n
	Referenced int64 // resident, and used since the marks were last cleared
	HugePages  int64 // resident, in transparent huge pages
	LazyFree   int64 // resident, but the kernel may take it: purged lazily
	Swap       int64 // swapped out
	Locked     int64
}
