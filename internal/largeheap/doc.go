// Package largeheap supplies large objects: memory that is mapped from the kernel
// for one object, knows its own length, is kept for a while after it was freed,
// and grows without being copied. Package largeobj has its settings.
//
// # Structures
//
//	Heap    one for each allocator: shards, a cold pool, shared chunks, a registry
//	region  whole kernel pages that hold one object, or did and wait for the next;
//	        a mapping of its own, or, when mappings are many, a run of a shared chunk
//	object  the descriptor of a region, in metadata; all of them are the registry
//	header  the 64 bytes in front of the object, in the region itself
//	shard   the freed, dirty regions of one processor: log bins and a list by age
//	cold    one more shard, which holds the purged regions of all
//
// # Layout of a region
//
//	 start                         address                                 start+total
//	 ▼                             ▼                                                 ▼
//	┌──────────────────┬──────────┬────────────────────────────────────┬────────────┐
//	│ colour           │ header   │ object                             │ tail       │
//	│ 0 – 3,968 bytes  │ 64 bytes │ as many bytes as were asked for    │            │
//	└──────────────────┴──────────┴────────────────────────────────────┴────────────┘
//	 whole pages: 128 KiB need 33 of 4 KiB
//
// The tail is less than a page, or up to an eighth of the region when that was
// another object's before. The object is aligned to 64 bytes or to what was asked
// for. What the last page leaves free is not all left behind it: each region has a
// colour that says how much of it goes in front, for objects of whole pages would
// otherwise all begin at the same offset in a page, and their first lines compete
// for the same few sets of the processor's caches. A region keeps its colour, so
// that its next object finds the lines of the last one where they are cached.
//
// For an alignment beyond the page the object begins with the region's second
// page, and the header is at the end of the first.
//
// The header stores the lengths, the state, and a cookie that binds it to its
// address by a secret of the heap. Nothing is decided by what it says: it is
// compared with the descriptor, which no overrun reaches, at every call. Who
// overwrote it is told what was found there, and nothing is freed.
//
// # States
//
//	           Alloc                   Free
//	Gone ───────────────► Live ──────────────────► Retained, dirty
//	 ▲                    ▲ │ ▲                     │    │
//	 │             Resize │ ▼ └─── Alloc ───────────┤    │ purged: three beats old
//	 │                Resizing                      │    ▼
//	 │                                              └── Retained, clean
//	 │                                                   │
//	 └────────────────────── Releasing ◄─────────────────┘ unmapped: forty beats old,
//	                                                       over budget, or Trim
//
// A region is Releasing while a call that took it from the program or out of a
// pool is at work on it. Changes from Live are made by compare-and-swap: of two
// calls that race to free an object one wins, and the other is told.
//
// An allocator's caches may park a few objects for themselves: Park takes one from
// the program and Unpark gives it back to it, Live ◄──► Parked, without a lock or
// a compare-and-swap, since only the cache's holder has it in between. Two calls
// of Park that race for an object may both succeed; the second Unpark tells. A
// parked object counts as Live; Retire makes it Retained.
//
// The kernel may refuse to unmap (see package vm) or to purge. The region is
// retained then as what it is, and overdue: every further beat tries it again.
//
// # Equations
//
// Bytes are of whole regions, and the names those of Stats:
//
//	footprint = Live + Dirty + Chunks.Dirty                        charged to the vm.Space
//	mapped    = Live − Carved + Dirty + Clean + Slack + Chunks.Mapped + Chunks.Unused
//	mappings  = as many regions, Carved ones not counted, + Chunks.Chunks
//	Carved    = Chunks.Used ≤ Live
//	Requested + 64·objects ≤ Live
//	Requested = Σ booked + asked − what callers of Unpark have yet to report to Asked
//	Dirty + Clean = Σ over shards and cold of (bytes listed + bytes in transit)
//	Dirty + Clean ≤ budget + an eighth, but for what the kernel refused, when Free returns
//	region holds an object of size bytes ⇒ total ≤ (1 + 1/8)·(what it needs), when Alloc returns
//	page map at a Live object's address = its descriptor
//
// Slack is what cannot be cut off around an object of a large alignment: address
// space that was never touched. The kernel's part in these equations is that a
// retained region is clean from its purge until its next object.
//
// # The path of an object
//
// Alloc takes the last freed region that is long enough, and at most an eighth
// longer, of the processor's own shard, then of the others, for dirty memory costs
// no page faults; then a clean one of the cold pool; then it maps. From
// Options.MaxMappings on it carves a run out of a shared chunk instead, up to half
// a chunk. Only then is anything done to the memory: the header is written, and
// zeros where they were asked for and the pages are not fresh from the kernel.
//
// Free finds the descriptor in the page map, wins the state, compares the
// header, and lists the region in the processor's shard as the youngest. If that
// makes more than the budget, the oldest regions are unmapped.
//
// Resize changes the mapping by mremap, and the header travels with the pages.
//
// Purge is the beat of ageing.
//
// # Locking
//
//	shard.mu   its cache and counts
//	cold.mu    likewise; before a shard's
//	Heap.mu    the list of all regions, the ring of past addresses, and start and
//	           total of any descriptor against being read from that list; the last
//
// No kernel call, no clearing and no copying happens under a lock, except in
// Close. See object for who may touch a descriptor.
//
// An object in transit (Resizing, Releasing, or not yet Live) is in no list but that of all
// regions, and belongs to the call that is at work on it. So Close needs the heap for
// itself: package alloc keeps all calls inside a gate, and closes that first.
//
// # Caveats
//
// What a program writes to an object after it freed it goes unnoticed, and may
// even show up in zeroed memory when the region was purged in between. An address
// that was freed and handed out again is a live object's: freeing it by mistake a
// second time cannot be told from freeing it.
package largeheap
