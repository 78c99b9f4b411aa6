// SPDX-License-Identifier: Apache-2.0

package stats

import "time"

// A Process is the memory of the process as the kernel sees it, and the part of it
// that is in an allocator's mappings.
type Process struct {
	Time         time.Time
	RSS, PeakRSS int64 // bytes resident, now and at most
	Swap         int64 // bytes swapped out

	// Ours are the allocator's mappings and those of the metadata of the process.
	Ours Areas

	// All are all mappings of the process.
	All Areas

	// Split is the part of Ours.RSS that was divided by length: the kernel shows
	// neighbouring mappings as one where it can, and the resident part of one that is
	// only partly ours cannot be told. 0 where the kernel keeps our names.
	Split int64
}

// Areas sums mappings up, in bytes but for the first.
type Areas struct {
	Count      int   // as the kernel counts: neighbours that are alike are one
	Mapped     int64 // address space
	RSS        int64 // resident
	PSS        int64 // resident, shared pages divided by how many processes share them
	Referenced int64 // resident and used since the marks were last cleared
	HugePages  int64 // resident, in transparent huge pages
	LazyFree   int64 // resident, and the kernel's to take: purged lazily
	Swap       int64 // swapped out
	Locked     int64
}
