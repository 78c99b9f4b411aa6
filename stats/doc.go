// SPDX-License-Identifier: Apache-2.0

// Package stats contains the numbers of an allocator and ways to show them.
//
//	before := a.Stats()             // a is an *alloc.Allocator
//	work()
//	after := a.Stats()
//	after.WriteTo(os.Stdout)        // as text, with advice
//	after.Sub(&before).WriteTo(os.Stdout)
//	after.WriteMetrics(w, stats.Prometheus)
//
// A Source, for example an Allocator, returns Snapshots. It is a plain value, so it
// may be kept, compared and encoded. HeapProfile and Inspector are interfaces that an
// Allocator provides: the heap profile, and a look into the memory.
//
// Methods that write return the error of the writer. No function of this package panics,
// except where its comment says so. Reading a Snapshot from several goroutines is safe;
// so are all methods of a Source, a HeapProfile and an Inspector.
//
// Package stats/vars publishes the metrics in expvar. Package stats/web serves them over
// HTTP, with a live page. Package stats/heaptrace reads and writes recordings of every
// operation.
//
// # Consistency
//
// A snapshot is taken while the program goes on allocating; it stops no goroutine. Each
// number is right at some moment, but not all at the same one. Under load, the sums below
// may therefore be off by the blocks that were moving at the time. Without load they are
// exact.
//
// # Sums
//
// Every byte of address space that an allocator holds is in exactly one field of Memory:
//
//	Σ fields of Memory          = Mapped.Now + Metadata.Mapped
//	Σ fields that may be dirty  = Footprint.Now + Metadata.Footprint
//
// For each size class:
//
//	Blocks = Live + Quarantined + Cached + InDepot + Idle    blocks in its spans
//	Live   = Allocs − Frees
//
// The fields of Memory fall into these groups:
//
//	requested + slack      live blocks. slack is internal fragmentation: what rounding
//	                       to size classes and pages adds
//	cached, depot, idle    free blocks. They are in caches, in the magazines of the
//	                       depots, or in spans that also have live blocks (external
//	                       fragmentation). Pages with nothing else are purged with
//	                       age; they count as clean then
//	dirty                  free pages and extents that still occupy RAM
//	clean                  address space without RAM: purged or never used
//	metadata               the samples and stacks of this allocator's heap profile; and
//	                       the descriptors, magazines, caches and page map that all
//	                       allocators of the process share
//
// Requested bytes are exact for blocks up to 1 KiB. For larger blocks they are accurate to
// 1/1024 of the block, because package internal/sizeclass stores the requested size as a
// size code.
//
// # The heap profile
//
// An allocator samples some blocks, together with the stack that allocated them. From the
// samples a HeapProfile estimates the blocks of each stack, kind, size class and set of
// labels. It writes files for go tool pprof, and lists the stacks with the most memory.
//
//	alloc_objects, alloc_space    allocated since the start    Σ weight, Σ weight · size
//	inuse_objects, inuse_space    of these, not yet freed      over the samples
//
// The weight of a sample is 1/p, where p is the probability that its block is sampled.
// Therefore each sum is unbiased. For n blocks the standard error is the root of
// n·(1 − p)/p blocks. When the table of samples is full, further samples are counted under
// "(dropped: table full)": the totals stay right, and only the stacks of these samples are
// unknown.
//
// # Metrics
//
// Each number has a name of the form that package runtime/metrics uses. Metrics returns
// the list. WriteMetrics writes all of them for Prometheus and other systems that read
// OpenMetrics.
//
//	/ashlar/footprint/now:bytes           gauge    memory that may occupy RAM; the limit applies to it
//	/ashlar/footprint/peak:bytes          gauge    highest footprint so far
//	/ashlar/footprint/limit:bytes         gauge    limit of the footprint, 0 if there is none
//	/ashlar/mapped/now:bytes              gauge    address space held
//	/ashlar/mapped/peak:bytes             gauge    highest address space held so far
//	/ashlar/mappings/now:mappings         gauge    mappings held
//	/ashlar/mappings/peak:mappings        gauge    highest number of mappings so far
//	/ashlar/mappings/limit:mappings       gauge    maximum of mappings that the kernel allows the process, 0 if unknown
//	/ashlar/memory/small/requested:bytes  gauge    requested, in live blocks
//	/ashlar/memory/small/slack:bytes      gauge    added to live blocks by rounding to size classes
//	/ashlar/memory/small/cached:bytes     gauge    free blocks in the caches of processors and Locals
//	/ashlar/memory/small/depots:bytes     gauge    free blocks in the magazines of the depots
//	/ashlar/memory/small/idle:bytes       gauge    free blocks in spans that also have live blocks; they may occupy RAM
//	/ashlar/memory/small/clean:bytes      gauge    pages of free blocks in such spans, purged
//	/ashlar/memory/small/tails:bytes      gauge    after the last block of each span
//	/ashlar/memory/large/requested:bytes  gauge    requested, in live objects
//	/ashlar/memory/large/slack:bytes      gauge    added to live objects by headers and rounding to pages
//	/ashlar/memory/quarantined:bytes      gauge    freed in checked mode and not yet reusable
//	/ashlar/memory/large/dirty:bytes      gauge    freed objects, retained with their RAM
//	/ashlar/memory/large/clean:bytes      gauge    freed objects, purged; only their address space is retained
//	/ashlar/memory/pages/dirty:bytes      gauge    free pages, retained with their RAM
//	/ashlar/memory/pages/clean:bytes      gauge    free pages, purged or never used
//	/ashlar/memory/guards/live:bytes      gauge    pages of live guarded blocks
//	/ashlar/memory/guards/clean:bytes     gauge    the other pages of the guard pools, inaccessible
//	/ashlar/memory/unused:bytes           gauge    cut off for alignment and not unmapped
//	/ashlar/memory/metadata/profile:bytes gauge    samples and stacks of the heap profile
//	/ashlar/memory/metadata/used:bytes    gauge    other structures of all allocators in the process
//	/ashlar/memory/metadata/dirty:bytes   gauge    free metadata that still occupies RAM
//	/ashlar/memory/metadata/clean:bytes   gauge    address space reserved for metadata
//	/ashlar/classes/spans:spans           gauge    runs of pages cut into blocks of the class
//	/ashlar/classes/total:blocks          gauge    blocks in these spans
//	/ashlar/classes/live:blocks           gauge    allocated and not yet freed
//	/ashlar/classes/cached:blocks         gauge    free, in the caches of processors and Locals
//	/ashlar/classes/depot:blocks          gauge    free, in the magazines of the depot
//	/ashlar/classes/idle:blocks           gauge    free, in their spans
//	/ashlar/classes/purged:bytes          gauge    pages of free blocks, given back to the kernel inside spans
//	/ashlar/classes/quarantined:blocks    gauge    freed in checked mode and not yet reusable
//	/ashlar/classes/allocs:blocks         counter  allocated, since the start
//	/ashlar/classes/frees:blocks          counter  freed, since the start
//	/ashlar/classes/exchanges:magazines   counter  magazines taken from the depot or put into it, since the start
//	/ashlar/classes/requested:bytes       gauge    requested, in live blocks
//	/ashlar/arenas/count:arenas           gauge    arenas with this name
//	/ashlar/arenas/reserved:bytes         gauge    taken from the allocator
//	/ashlar/arenas/used:bytes             gauge    allocated since the last Reset
//	/ashlar/arenas/free:bytes             gauge    not yet allocated
//	/ashlar/arenas/waste:bytes            gauge    lost to alignment and at the ends of chunks
//	/ashlar/arenas/quarantined:bytes      gauge    inaccessible, from before earlier Resets
//	/ashlar/arenas/peak:bytes             gauge    sum of the highest use of each arena
//	/ashlar/arenas/chunks:chunks          gauge    blocks taken from the allocator
//	/ashlar/arenas/resets:calls           gauge    resets of the live arenas
//	/ashlar/tags/live:blocks              gauge    live blocks of the tag
//	/ashlar/tags/live:bytes               gauge    requested bytes in live blocks of the tag
//	/ashlar/dropped:arenas                counter  arenas dropped without Free, found by the garbage collector
//	/ashlar/dropped:bytes                 counter  reserved bytes of the dropped arenas
//	/ashlar/lost:blocks                   counter  attached blocks whose owners were lost, found by the garbage collector
//	/ashlar/lost:bytes                    counter  requested bytes of the lost blocks
//	/ashlar/large/live:objects            gauge    live large objects
//	/ashlar/large/carved:objects          gauge    live large objects in shared mappings
//	/ashlar/large/retained:objects        gauge    extents of freed objects, retained for reuse
//	/ashlar/large/live:bytes              gauge    extents of live large objects
//	/ashlar/metadata/mapped:bytes         gauge    address space for metadata of all allocators in the process
//	/ashlar/metadata/footprint:bytes      gauge    metadata of all allocators in the process that may occupy RAM
//	/ashlar/profile/rate:bytes            gauge    mean bytes between two samples of the heap profile, 0 if it is off
//	/ashlar/profile/live:samples          gauge    live sampled blocks
//	/ashlar/profile/stacks:stacks         gauge    different stacks that the profile has
//	/ashlar/profile/dropped:samples       counter  samples lost because the table was full
//	/ashlar/caches:caches                 gauge    caches of processors and Locals
//	/ashlar/chunks:chunks                 gauge    mappings that spans are cut from
//	/ashlar/hugepages/chunks:bytes        gauge    in chunks for which huge pages are in use or may come into use
//	/ashlar/hugepages/collapsed:bytes     counter  copied to huge pages on request, since the start
//	/ashlar/kernel/mmap:calls             counter  calls of mmap
//	/ashlar/kernel/munmap:calls           counter  calls of munmap
//	/ashlar/kernel/madvise:calls          counter  calls of madvise
//	/ashlar/kernel/mremap:calls           counter  calls of mremap
//	/ashlar/kernel/metadata:calls         counter  kernel calls for metadata of all allocators in the process
//
// A metric of classes has one number for each size class. A metric of arenas has one
// number for each group of arenas with the same name (ArenaGroups). A metric of tags has one
// number for each tag.
package stats
