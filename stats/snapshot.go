// SPDX-License-Identifier: Apache-2.0

package stats

import "time"

// A Snapshot contains an allocator's numbers at one moment. A Snapshot that Sub returns
// contains the change between two moments.
type Snapshot struct {
	Name    string // of the allocator (alloc.Options.Name)
	Time    time.Time
	Elapsed time.Duration // set by Sub: time between the two snapshots; otherwise 0

	Memory    Memory
	Mapped    Gauge // bytes of address space
	Footprint Gauge // bytes that may occupy RAM; Limit applies to it
	Mappings  Gauge // number of mappings
	Limit     int64 // limit of the footprint in bytes; 0 if there is none

	// MaxMappings is the number of mappings that the kernel allows the process
	// (vm.max_map_count), 0 if it is unknown.
	MaxMappings int64

	Classes []Class // one for each size class, in order of size
	Large   Large

	Arenas  []Arena         // the oldest first
	Dropped []DroppedArenas // arenas lost without Free, by the call site that made them

	Tags []Tag        // in the order of their first use
	Lost []LostBlocks // attached blocks whose owners were lost, by the call site that attached them

	// Metadata covers all allocators of the process together.
	Metadata Metadata

	Profile Profile

	Caches int // caches of processors and of Locals
	Chunks int // mappings that spans are cut from

	Kernel Kernel

	HugePages HugePages
}

// A Gauge is a quantity and its highest value so far.
type Gauge struct{ Now, Peak int64 }

// Memory divides the address space held by its use, in bytes.
type Memory struct {
	Requested      int64 // requested, in live small blocks
	Slack          int64 // added to live small blocks by rounding to size classes
	Cached         int64 // free small blocks in the caches of processors and Locals
	Depot          int64 // free small blocks in the magazines of the depots
	Idle           int64 // free blocks in spans, that may occupy RAM
	IdleClean      int64 // pages of free blocks in spans that were purged
	Tail           int64 // in spans, after the last block
	LargeRequested int64 // requested, in live large objects
	LargeSlack     int64 // added to live large objects by headers and rounding to pages
	Quarantined    int64 // freed blocks and objects that are not reusable yet (alloc.Options.Checked)
	LargeDirty     int64 // extents of freed large objects that may occupy RAM
	LargeClean     int64 // extents of freed large objects that were purged
	PagesDirty     int64 // free pages that may occupy RAM
	PagesClean     int64 // free pages that were purged or never used
	Guards         int64 // pages of live guarded blocks
	GuardsClean    int64 // the other pages of the guard pools, inaccessible
	Unused         int64 // cut off for alignment where it could not be unmapped
	Profile        int64 // samples and stacks of the allocator's heap profile
	Metadata       int64 // other structures of all allocators in the process
	MetadataDirty  int64 // free metadata that may occupy RAM
	MetadataClean  int64 // address space reserved for metadata
}

// A Class contains the numbers of one size class, in blocks unless stated otherwise.
type Class struct {
	Size        int   // bytes of a block
	Spans       int64 // runs of pages that are divided into blocks of the class
	Blocks      int64 // in these spans
	Live        int64 // allocated and not freed
	Cached      int64 // free, in the caches of processors and Locals
	Quarantined int64 // freed, and not reusable yet
	InDepot     int64 // free, in the magazines of the depot
	Idle        int64 // free, in their spans
	Allocs      int64 // allocated since the start
	Frees       int64 // freed since the start
	Purged      int64 // bytes of pages inside the spans that were given back to the kernel
	Requested   int64 // bytes requested, in live blocks
	Exchanges   int64 // magazines that caches took from the depot or put into it since the start: how often its lock was taken
}

// Large contains the numbers of large objects. The extent of an object is the pages that
// it occupies.
type Large struct {
	Live     int64 // live objects
	Carved   int64 // live objects in shared mappings
	Retained int64 // extents of freed objects that are retained for reuse
	Bytes    int64 // bytes of the extents of live objects, with headers and rounding
}

// Metadata contains the bytes of the structures of all allocators in the process.
type Metadata struct{ Mapped, Footprint int64 }

// Profile contains the numbers of the heap profile's samples.
type Profile struct {
	Rate    int64 // mean bytes between two samples; 0 if sampling is off
	Samples int64 // live sampled blocks
	Stacks  int64 // different stacks that the profile has
	Dropped int64 // samples lost because the table was full
}

// Kernel counts the kernel calls for the allocator's memory since the start. Metadata
// counts the calls for the metadata of all allocators in the process.
type Kernel struct{ Mmap, Munmap, Madvise, Mremap, Metadata int64 }

// HugePages contains the bytes for which alloc.Options.HugePages had an effect. Process has what
// the kernel backs with huge pages, of any memory.
type HugePages struct {
	Chunks    int64 // of small blocks, for which huge pages are in use or may come into use
	Collapsed int64 // that the kernel copied to huge pages on request, since the start
}

// Live returns the number of live blocks and objects, small and large.
func (s *Snapshot) Live() int64 {
	n := s.Large.Live
	for i := range s.Classes {
		n += s.Classes[i].Live
	}
	return n
}

// used reports whether the class has blocks or had some.
func (c *Class) used() bool { return c.Blocks != 0 || c.Allocs != 0 || c.Live != 0 }

// Sub returns the change from an earlier snapshot of the same allocator to s. Each number
// is the difference of the two, with these exceptions, which are taken from s: limits,
// the sample rate, sizes of classes, peaks, and the arenas' HighWater. An arena that is
// not in s is left out.
func (s *Snapshot) Sub(earlier *Snapshot) *Snapshot {
	d := *s
	d.Elapsed = s.Time.Sub(earlier.Time)
	d.Classes = make([]Class, len(s.Classes))
	copy(d.Classes, s.Classes)
	for i := range min(len(d.Classes), len(earlier.Classes)) {
		subtract(d.Classes[i].numbers(), earlier.Classes[i].numbers())
	}
	for i := range memoryLines {
		*memoryLines[i].of(&d.Memory) -= *memoryLines[i].of(&earlier.Memory)
	}
	subtract(d.numbers(), earlier.numbers())
	d.Arenas = subArenas(s.Arenas, earlier.Arenas)
	d.Dropped = subDropped(s.Dropped, earlier.Dropped)
	d.Tags, d.Lost = subTags(s.Tags, earlier.Tags), subLost(s.Lost, earlier.Lost)
	d.Caches -= earlier.Caches
	d.Chunks -= earlier.Chunks
	return &d
}

// numbers returns the numbers that Sub subtracts.
func (s *Snapshot) numbers() []*int64 {
	return []*int64{
		&s.Mapped.Now, &s.Footprint.Now, &s.Mappings.Now,
		&s.Large.Live, &s.Large.Carved, &s.Large.Retained, &s.Large.Bytes,
		&s.Metadata.Mapped, &s.Metadata.Footprint,
		&s.Profile.Samples, &s.Profile.Stacks, &s.Profile.Dropped,
		&s.Kernel.Mmap, &s.Kernel.Munmap, &s.Kernel.Madvise, &s.Kernel.Mremap, &s.Kernel.Metadata,
		&s.HugePages.Chunks, &s.HugePages.Collapsed,
	}
}

func (c *Class) numbers() []*int64 {
	return []*int64{&c.Spans, &c.Blocks, &c.Live, &c.Cached, &c.InDepot, &c.Idle, &c.Purged, &c.Quarantined,
		&c.Allocs, &c.Frees, &c.Requested, &c.Exchanges}
}

func subtract(from, what []*int64) {
	for i := range from {
		*from[i] -= *what[i]
	}
}
