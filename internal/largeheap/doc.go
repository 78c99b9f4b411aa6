// SPDX-License-Identifier: Apache-2.0

// Package largeheap is the heap of large objects, which are blocks of 128 KiB or more. Each
// object has a mapping of its own, with its length in a header. Freed objects are retained
// for a while, and objects grow into retained memory or by mremap. Package largeobj has the options, and
// describes the heap to users.
//
//	var h largeheap.Heap
//	h.Init(space, owner, largeobj.Options{})
//	addr, zeroed, err := h.Alloc(size, 64, true)
//	err = h.Free(addr)
//
// Lack of memory is vm.ErrOutOfMemory or vm.ErrLimit. An address that is not that of an
// intact live object is a *Violation. Nothing panics, except the invariant checks of test
// builds. A Heap is safe for concurrent use after Init, except Close.
//
// # Structures
//
//	Heap    one for each allocator: shards, a cold shard, shared chunks, a list of all extents
//	extent  whole pages of the kernel that hold one object, or held one and wait for the
//	        next: a mapping, or, when mappings are many, a run of a shared chunk
//	object  describes an extent and the object in it; in metadata, off the Go heap
//	header  the 64 bytes in front of the object, in the extent itself
//	shard   the freed, dirty extents of one processor
//	demand  what the program needed recently, which bounds what the shards keep
//	ahead   whether the program filled its last objects, by length; then the next ones are filled ahead
//	cold    one more shard, with the purged extents of all processors
//	index   the lists of a shard: by length, in bins, and by age
//	ring    the last objects whose addresses ceased to be valid, for reports
//
// # Layout of an extent
//
//	 start                         address                                   end
//	 ▼                             ▼                                           ▼
//	┌──────────────────┬──────────┬─────────────────────────────┬─────────────┐
//	│ colour           │ header   │ object                      │ tail        │
//	│ 0 – 3,968 bytes  │ 64 bytes │ the requested size          │             │
//	└──────────────────┴──────────┴─────────────────────────────┴─────────────┘
//	 whole pages: 128 KiB need 33 of 4 KiB
//
// The object is aligned to 64 bytes, or to the requested alignment if that is larger.
// The tail of a new extent is shorter than a page. An extent that is used again may be
// an eighth longer than its object needs. It may be up to four times as long as long as all
// such extents together waste little (type demand): using memory that is in RAM costs less
// than faulting in as much as is needed.
//
// Part of the space that the last page leaves free goes in front of the object. Without
// it, objects of whole pages would all begin at the same offset in a page, and their
// first lines would compete for the same few sets of the processor's caches. Each extent
// has a colour, which says how large that part is. An extent keeps its colour, so that
// its next object finds the lines of the last one in the processor's caches.
//
// If the alignment exceeds the page, the object begins with the second page of its
// extent, and the header is at the end of the first.
//
// The header, eight words of 64 bits in the machine's order:
//
//	 0 magic      "ashlarLO" on little-endian machines
//	 8 address    of the object
//	16 total      bytes of the extent
//	24 requested  bytes of the object
//	32 state      of the extent
//	40 canary     the complement of the cookie
//	48 canary     the same
//	56 cookie     mixed from address, total and a secret of the heap
//
// Every call compares the header with the descriptor, which lies where an overrun of the
// program cannot reach it. If they differ, the call returns a Violation and changes nothing.
// The heap makes no decision based on the contents of a header.
//
// # States
//
//	           Alloc                   Free
//	Gone ───────────────► Live ──────────────────► Retained, dirty
//	 ▲                    ▲ │ ▲                     │    │
//	 │             Resize │ ▼ └─── Alloc ───────────┤    │ purged: three ticks old
//	 │                Resizing                      │    ▼
//	 │                                              └── Retained, clean
//	 │                                                   │
//	 └────────────────────── Releasing ◄─────────────────┘ unmapped: forty ticks old,
//	                                                       over budget, or Purge(true)
//
//	Dirty extents are purged early if the demand does not justify them.
//
//	Live ── Claim, Put ──► Cached ── TakeSame, Take ──► Live
//	                       Cached ── Drop ────────────► Retained, dirty
//
// An extent is Releasing while a call that freed its object, or took it out of a shard,
// works on it. A call changes the state Live by compare-and-swap (Claim) before it does
// anything else to the object. If two calls race to free or resize an object, one succeeds
// and the other gets a Violation. The memory of a freed descriptor remains a descriptor
// until Close, and each use and each move give its state word another generation. So a late call
// never mistakes one object for another, nor an old address for the present one.
//
// The allocator's large-object caches keep a few freed objects: Put puts a claimed one into
// a cache, TakeSame and Take make it live again. None of them uses a lock or a
// compare-and-swap, because the object belongs to the cache's holder in between. A Cached
// object counts as Live, and its header says so. Only Take, which changes the size, touches
// the header. So an object that comes back with its size costs no access to its memory.
//
// The kernel may refuse to unmap an extent (see package vm) or to purge it. Then the
// extent stays retained and is overdue: every further tick tries again.
//
// # Equations
//
// Names are those of Stats, and bytes those of whole extents:
//
//	footprint = Live + Dirty + Chunks.Dirty                        charged to the vm.Space
//	mapped    = Live − Carved + Dirty + Clean + Slack + Chunks.Mapped + Chunks.Unused
//	mappings  = number of extents in Live − Carved + Dirty + Clean, + Chunks.Chunks
//	Carved    = Chunks.Used ≤ Live
//	Requested + 64·objects ≤ Live
//	Requested = Σ accounted + unaccounted
//	          = Σ requested − changes that callers of Take have yet to pass to Account
//	Dirty + Clean = Σ over all shards of (bytes listed + bytes in transit)
//	Dirty + Clean ≤ 9/8 · budget, plus what the kernel refused        when Free returns
//	total of an object's extent ≤ 9/8 · what the object needs, or the rest is loose
//	Live + Dirty ≤ 9/8 · recent peak of Live + minWarm, loose ≤ peak/4 + minWarm
//	                                    in steps, with the default options; see type demand
//	page map at the address of a Live object = its descriptor
//
// Slack is the part of a mapping around an extent with a large alignment: address space
// that was never touched. The equations hold because a purged extent stays clean until an
// object uses it again.
//
// # The path of an object
//
//  1. Alloc looks for a retained extent that is long enough, and at most an eighth longer:
//     first in the processor's own shard and then in the others, because dirty memory
//     costs no page faults. Then it looks for a longer dirty one, then for a shorter dirty one
//     of at least a quarter of the length, which it lengthens by mremap, and last in the cold
//     shard.
//  2. If there is none, Alloc maps one. From Options.MaxMappings mappings on it takes a
//     run of a shared chunk instead, of up to half a chunk.
//  3. Only then does Alloc touch the memory. It writes the header, and it clears the
//     object if the caller needs zeros and the pages are not known to be zero. Fresh pages
//     are left to the program, or all brought in by one kernel call if the program was seen
//     to fill objects of such lengths (type ahead).
//  4. Resize copies a growing object to a dirty extent, if there is one that suits. A page
//     fault costs several times as much as copying a page. Otherwise Resize changes the
//     mapping by mremap. The header travels with the pages.
//  5. Free finds the descriptor by the page map, changes the state, compares the header,
//     and lists the extent in the processor's shard as the youngest. If the budget is
//     exceeded, it unmaps the oldest extents. If the demand is exceeded, it purges the
//     oldest dirty ones.
//  6. Purge, at every tick, purges and unmaps extents that are old enough.
//
// # Locking
//
//	shard.mu   guards the shard's index and counts
//	cold.mu    the same; acquired before a shard's
//	Heap.mu    guards the list of all extents, the ring, and start and end of every
//	           descriptor against Find; acquired last
//	ahead.mu   guards what type ahead knows; held together with no other
//
// No call to the kernel, no clearing and no copying happens under a lock, except in
// Close. See type object for who may touch a descriptor.
//
// An object in transit (Resizing, Releasing, or not yet Live) is in no list but that of all
// extents, and belongs to the call that is at work on it. So Close needs the heap for
// itself: package alloc keeps all calls inside a gate, and closes that first.
//
// # Caveats
//
// The heap does not detect a write to an object after the object was freed. If the extent
// was purged before such a write, the written bytes can appear in an object that should be
// zeroed. Freeing an address twice, when it was handed out again in between, frees the new
// object.
package largeheap
