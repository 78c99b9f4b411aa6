// SPDX-License-Identifier: Apache-2.0

// Package stats holds the numbers of an allocator: what is counted, once, and
// how it is shown.
//
// A Snapshot is filled by a Source, which every Allocator is. It is a value: keep it, compare it
// with a later one by Sub, print it by WriteTo.
//
// # What adds up
//
// Every byte of address space that an allocator holds is in exactly one field of
// Memory, so
//
//	Σ fields of Memory          = Mapped.Now + Metadata.Mapped
//	Σ fields that may be dirty  = Footprint.Now + Metadata.Footprint
//
// and for each size class
//
//	Blocks = Live + Quarantined + Cached + InDepot + Idle    blocks of its spans
//	Live   = Allocs − Frees
//
// The first lines of Memory are the program's doing, the others what it costs:
//
//	requested + slack      blocks that are the program's; slack is what rounding to
//	                       size classes and pages added: internal fragmentation
//	cached, depot, idle    free blocks: ready in caches, in the depots' magazines,
//	                       left in spans that have live blocks: external fragmentation
//	dirty                  free pages and extents that still occupy RAM
//	clean                  address space only: purged, or never used
//	metadata               the heap profile's samples and stacks, this allocator's; and
//	                       descriptors, magazines, caches, page map, of the whole
//	                       process, for its allocators share them
//
// Sizes below and at 1 KiB are requested exactly as asked; above, what was asked
// is known to 1/1024 of the block (package internal/sizeclass, size codes).
//
// # Consistency
//
// Numbers are read while the program goes on allocating; nobody is stopped. Each
// is right at some moment, but not all at the same one: under load the sums above
// may be off by the blocks that were on the move. Without load they are exact.
//
// # The heap profile
//
// Some blocks are sampled, with the stack that allocated them. A HeapProfile estimates from
// the samples what the blocks of each stack, kind, size class and set of labels are; it
// writes files that go tool pprof reads, and lists the Stacks with the most.
//
//	alloc_objects, alloc_space    handed out, ever       Σ weight, Σ weight · size
//	inuse_objects, inuse_space    not freed since        over the samples
//
// The weight of a sample is one over the probability of its block to be sampled, so each
// sum is unbiased; of n blocks sampled with probability p it is off by the root of
// n·(1 − p)/p, its standard error. What had no room in the table of samples stands in the
// profile as "(dropped: table full)": the totals are right, only the stacks of these are
// not known.
//
// # Metrics
//
// Each number has a name in the manner of runtime/metrics. Metrics returns the list,
// WriteMetrics writes it for Prometheus and what else reads OpenMetrics; package
// stats/vars publishes it by expvar, package stats/web by HTTP.
//
//	/ashlar/footprint/now:bytes           gauge    may occupy RAM; what the limit limits
//	/ashlar/footprint/peak:bytes          gauge    highest footprint so far
//	/ashlar/footprint/limit:bytes         gauge    limit of the footprint, 0 if there is none
//	/ashlar/mapped/now:bytes              gauge    address space held
//	/ashlar/mapped/peak:bytes             gauge    most address space held so far
//	/ashlar/mappings/now:mappings         gauge    mappings held
//	/ashlar/mappings/peak:mappings        gauge    most mappings held so far
//	/ashlar/mappings/limit:mappings       gauge    mappings that the kernel lets the process have, 0 if it is not known
//	/ashlar/memory/small/requested:bytes  gauge    in live blocks, as asked for
//	/ashlar/memory/small/slack:bytes      gauge    in live blocks, rounding to size classes
//	/ashlar/memory/small/cached:bytes     gauge    free blocks in caches of processors and Locals
//	/ashlar/memory/small/depots:bytes     gauge    free blocks in the depots' magazines
//	/ashlar/memory/small/idle:bytes       gauge    free blocks beside live ones
//	/ashlar/memory/small/tails:bytes      gauge    behind the last block of each span
//	/ashlar/memory/large/requested:bytes  gauge    in live objects, as asked for
//	/ashlar/memory/large/slack:bytes      gauge    headers and rounding to pages
//	/ashlar/memory/quarantined:bytes      gauge    freed, kept from reuse in checked mode
//	/ashlar/memory/large/dirty:bytes      gauge    freed, retained with its RAM
//	/ashlar/memory/large/clean:bytes      gauge    freed, purged, address space retained
//	/ashlar/memory/pages/dirty:bytes      gauge    free pages, retained with their RAM
//	/ashlar/memory/pages/clean:bytes      gauge    free pages, purged or never used
//	/ashlar/memory/guards/live:bytes      gauge    pages of live guarded blocks
//	/ashlar/memory/guards/clean:bytes     gauge    rest of their region, without access
//	/ashlar/memory/unused:bytes           gauge    left over by alignment
//	/ashlar/memory/metadata/profile:bytes gauge    samples and stacks of the heap profile
//	/ashlar/memory/metadata/used:bytes    gauge    other own structures, of the whole process
//	/ashlar/memory/metadata/dirty:bytes   gauge    free metadata that keeps its RAM
//	/ashlar/memory/metadata/clean:bytes   gauge    address space for metadata
//	/ashlar/classes/spans:spans           gauge    runs of pages cut into blocks of the class
//	/ashlar/classes/total:blocks          gauge    blocks of these spans
//	/ashlar/classes/live:blocks           gauge    handed out and not freed
//	/ashlar/classes/cached:blocks         gauge    free, in caches of processors and Locals
//	/ashlar/classes/depot:blocks          gauge    free, in the depot's magazines
//	/ashlar/classes/idle:blocks           gauge    free, left in their spans
//	/ashlar/classes/quarantined:blocks    gauge    freed, kept from reuse in checked mode
//	/ashlar/classes/allocs:blocks         counter  handed out, ever
//	/ashlar/classes/frees:blocks          counter  taken back, ever
//	/ashlar/classes/exchanges:magazines   counter  magazines taken from the depot or put there, ever
//	/ashlar/classes/requested:bytes       gauge    asked for, in live blocks
//	/ashlar/arenas/count:arenas           gauge    arenas of the name
//	/ashlar/arenas/reserved:bytes         gauge    taken from the allocator
//	/ashlar/arenas/used:bytes             gauge    handed out since the last Reset
//	/ashlar/arenas/free:bytes             gauge    to be handed out next
//	/ashlar/arenas/waste:bytes            gauge    left behind for alignment and at the ends of chunks
//	/ashlar/arenas/quarantined:bytes      gauge    of earlier rounds, inaccessible
//	/ashlar/arenas/peak:bytes             gauge    the most that each ever used, added up
//	/ashlar/arenas/chunks:chunks          gauge    blocks taken from the allocator
//	/ashlar/arenas/resets:calls           gauge    resets of the arenas that there are
//	/ashlar/dropped:arenas                counter  arenas dropped without Free, found by the collector
//	/ashlar/dropped:bytes                 counter  reserved by the arenas that were dropped
//	/ashlar/large/live:objects            gauge    live large objects
//	/ashlar/large/carved:objects          gauge    of these, in shared mappings
//	/ashlar/large/retained:objects        gauge    extents of freed objects, retained for reuse
//	/ashlar/large/live:bytes              gauge    extents of live large objects
//	/ashlar/metadata/mapped:bytes         gauge    address space for metadata of the whole process
//	/ashlar/metadata/footprint:bytes      gauge    metadata of the whole process that may occupy RAM
//	/ashlar/profile/rate:bytes            gauge    bytes between two samples of the heap profile, 0 if it is off
//	/ashlar/profile/live:samples          gauge    blocks that are sampled and live
//	/ashlar/profile/stacks:stacks         gauge    stacks that samples were ever taken with
//	/ashlar/profile/dropped:samples       counter  samples for which there was no room
//	/ashlar/caches:caches                 gauge    caches of processors and of Locals
//	/ashlar/chunks:chunks                 gauge    mappings that spans are cut from
//	/ashlar/kernel/mmap:calls             counter  calls of mmap
//	/ashlar/kernel/munmap:calls           counter  calls of munmap
//	/ashlar/kernel/madvise:calls          counter  calls of madvise
//	/ashlar/kernel/mremap:calls           counter  calls of mremap
//	/ashlar/kernel/metadata:calls         counter  kernel calls for metadata of the whole process
//
// Metrics of classes are one number for each size class, those of arenas one for each
// name (ArenaGroups).
package stats
