// SPDX-License-Identifier: Apache-2.0

package stats

import "time"

// A Snapshot is an allocator's numbers at one moment, or, from Sub, their change
// between two.
type Snapshot struct {
	Name    string // of the allocator (alloc.Options.Name)
	Time    time.Time
	Elapsed time.Duration // from Sub: between the two snapshots; else 0

	Memory    Memory
	Mapped    Gauge // bytes of address space
	Footprint Gauge // bytes that may occupy RAM; what Limit limits
	Mappings  Gauge // mappings of address space
	Limit     int64 // of the footprint, bytes; 0: none

	// MaxMappings is how many mappings the kernel lets the process have
	// (vm.max_map_count); 0 if it is not known.
	MaxMappings int64

	Classes []Class // one for each size class, in order of size
	Large   Large

	Arenas  []Arena         // in order of their making
	Dropped []DroppedArenas // arenas that were dropped without Free, by the place of their making

	// Metadata is the whole process', all allocators taken together.
	Metadata Metadata

	Profile Profile

	Caches int // caches of processors and of Locals
	Chunks int // mappings that spans are cut from

	Kernel Kernel
}

// A Gauge is a quantity with its highest value.
type Gauge struct{ Now, Peak int64 }

// Memory divides the address space that is held by what it serves, in bytes.
type Memory struct {
	Requested      int64 // asked for, in live small blocks
	Slack          int64 // in live small blocks, beyond what was asked for
	Cached         int64 // small blocks in the caches of processors and Locals
	Depot          int64 // small blocks in the depots' magazines
	Idle           int64 // free blocks left in spans
	Tail           int64 // in spans behind their last block
	LargeRequested int64 // asked for, in live large objects
	LargeSlack     int64 // their headers and rounding to pages
	Quarantined    int64 // blocks and objects that were freed and are kept from reuse (alloc.Options.Checked)
	LargeDirty     int64 // extents of freed large objects that may occupy RAM
	LargeClean     int64 // extents of freed large objects that were purged
	PagesDirty     int64 // free pages that may occupy RAM
	PagesClean     int64 // free pages that were purged or never used
	Guards         int64 // pages of live guarded blocks
	GuardsClean    int64 // the rest of their region, which has no access
	Unused         int64 // cut off for alignment where it could not be unmapped
	Profile        int64 // the samples of the allocator's heap profile, with their stacks
	Metadata       int64 // allocators' other structures, of the whole process
	MetadataDirty  int64 // freed metadata that may occupy RAM
	MetadataClean  int64 // address space kept for metadata
}

// A Class is the numbers of one size class, in blocks unless they say otherwise.
type Class struct {
	Size        int   // bytes of a block
	Spans       int64 // runs of pages cut into such blocks
	Blocks      int64 // in these spans
	Live        int64 // handed out and not freed
	Cached      int64 // in the caches of processors and Locals
	Quarantined int64 // freed, and kept from reuse
	InDepot     int64 // in the depot's magazines
	Idle        int64 // free in their spans
	Allocs      int64 // handed out, ever
	Frees       int64 // taken back, ever
	Requested   int64 // bytes asked for, in live blocks
	Exchanges   int64 // magazines that caches took from the depot or put there, ever: times its lock was taken
}

// Large has the numbers of large objects. The extent of an object is the pages that it lies
// in.
type Large struct {
	Live     int64 // objects
	Carved   int64 // of these, in shared mappings
	Retained int64 // extents of freed objects, retained for reuse
	Bytes    int64 // bytes of live objects' extents, with headers and rounding
}

// Metadata is the process' account of allocators' own structures, in bytes.
type Metadata struct{ Mapped, Footprint int64 }

// Profile is the numbers of the heap profile's samples.
type Profile struct {
	Rate    int64 // bytes between two, on average; 0: none are taken
	Samples int64 // blocks that are sampled and live
	Stacks  int64 // that samples were ever taken with
	Dropped int64 // samples for which there was no room, ever
}

// Kernel counts the kernel calls made for the allocator's memory, ever, and for
// the process' metadata.
type Kernel struct{ Mmap, Munmap, Madvise, Mremap, Metadata int64 }

// Live returns the number of live blocks and objects, small and large.
func (s *Snapshot) Live() int64 {
	n := s.Large.Live
	for i := range s.Classes {
		n += s.Classes[i].Live
	}
	return n
}

// used reports whether the class has, or had, blocks.
func (c *Class) used() bool { return c.Blocks != 0 || c.Allocs != 0 || c.Live != 0 }

// Sub returns what changed from an earlier snapshot of the same allocator to s:
// each number is the difference, but the limits, the rate of samples, the sizes of classes, the peaks and the
// arenas' HighWater, which are those of s. An arena that is not in s is left out.
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
	}
}

func (c *Class) numbers() []*int64 {
	return []*int64{&c.Spans, &c.Blocks, &c.Live, &c.Cached, &c.InDepot, &c.Idle, &c.Quarantined,
		&c.Allocs, &c.Frees, &c.Requested, &c.Exchanges}
}

func subtract(from, what []*int64) {
	for i := range from {
		*from[i] -= *what[i]
	}
}
