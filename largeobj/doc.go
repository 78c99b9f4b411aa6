// Package largeobj supplies large objects: memory that is mapped from the kernel
// for one object, knows its own length, is kept for a while after it was freed,
// and grows without being copied. And it supplies Regions: everything else that a
// mapping can be, as an object with a length, for programs that ask for it by name.
//
// The two share their notion of a header and nothing else. What the first part of
// this text calls a region is the pages around an object of a Heap; a Region, with a
// capital letter, is what its second part is about. A Heap's memory comes and goes
// by the thousand, at the speed of an allocator; Regions are few, live long, and are
// the program's own. The files mapping_*.go are theirs.
//
// # Structures of the heap
//
//	Heap    one for each allocator: shards, a cold pool, shared chunks, a registry
//	region  whole kernel pages that hold one object, or did and wait for the next;
//	        a mapping of its own, or, when mappings are many, a run of a shared chunk
//	object  the descriptor of a region, in metadata; all of them are the registry
//	header  the 64 bytes in front of the object, in the region itself
//	shard   the freed, dirty regions of one processor: log bins and a list by age
//	cold    one more shard, which holds the purged regions of all
//
// # Layout of a heap's region
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
// # Caveats
//
// What a program writes to an object after it freed it goes unnoticed, and may
// even show up in zeroed memory when the region was purged in between. An address
// that was freed and handed out again is a live object's: freeing it by mistake a
// second time cannot be told from freeing it.
//
// # Regions
//
//	Map           private memory of this process; MapOptions.Secret: for keys
//	MapFile       a file or a window of it: read-only, shared, or copy on write
//	MapShared     an object that processes share: by name in /dev/shm, or a memfd
//	MapInherited  the same by a descriptor that the process was given
//
//	Region        a handle: what is shown, a gate, a frame, a length
//	gate          calls that use the mapping run at once, those that change it alone
//	frame         up to three mappings: a guard, the body, a guard
//	regionHeader  the 64 bytes in front of the bytes of a Region that is ours
//	regionList    all open Regions: for Regions, and to explain faults
//	refusals      address space that the kernel did not take back, to be tried again
//
// Layout of a Region that is ours, in memory and in the object alike:
//
//	 body                              Bytes                                  whole pages
//	 ▼                                 ▼                                                ▼
//	┌───────┬───────────────┬──────────┬─────────────────────────────────┬──────┬───────┐
//	│ guard │ unused        │ header   │ as many bytes as were asked for │ rest │ guard │
//	│ page  │ page − 64     │ 64 bytes │ zeroed when they are new        │      │ page  │
//	└───────┴───────────────┴──────────┴─────────────────────────────────┴──────┴───────┘
//	 if wanted                                                                 if wanted
//
// The header, eight words of 64 bits in the machine's order:
//
//	 0 magic    "ashlarRG"
//	 8 version  1
//	16 lead     bytes from the object's beginning to Bytes: the page size
//	24 length   bytes, as last resized: 48 bits, and above them 16 to check them by
//	32 seal     drawn at random when it was made
//	40 check    mixed from the words above but the length
//	48 guard    the complement of check
//	56 guard    again: where an underflow strikes first
//
// A Region that shows a file has the file's bytes from offset 0 on, or from the
// window's, and no header; nor has one of explicit huge pages, whose page would be
// a huge one. Their Bytes begin with the body, or inside its first page where a
// window does.
//
// Equations, for each Region and, with sums, for SumRegions:
//
//	body  = lead + length rounded up to pages (more, when the kernel refused to cut a file's)
//	address of Bytes = body + lead, a multiple of Align (of a file: that of the body is)
//	Mapped  = guards + body        Mappings = 1, or 3 with guards
//	Charged = body if it can only be written to swap: private and shared memory, copies
//	          of a file's pages; else 0
//	mapped by the vm.Space = Σ Mapped + Refused
//	header of a private Region = what the handle knows; of a shared one: fits together,
//	          and lead + length ≤ size of the object
//
// Making one: the kernel maps the body where it likes; if it needs neighbours or an
// alignment, a place is reserved and mremap moves the body there, so that whatever
// it shows is treated alike, and no address is ever without an owner in between.
// Then come name, huge pages, locks. Resize does the same with pages that exist. If
// anything fails, all is given back; what the kernel does not take back is kept by
// refusals.
//
// Shared objects are made without a name, completed, and then linked to it, so that
// nobody opens half of one and of two makers one wins. Their length is changed under
// the file's lock (flock), which a dying process cannot keep, and by one store: a
// process that is killed leaves the old length or the new one. They are 0600 and are
// refused when another user owns or may open them. A name is removed by RemoveShared,
// or by Close if the Region was told to; a process that is killed leaves it behind.
//
// The length of a file is changed under a lock of its own (fcntl, a byte far beyond the
// end), which a dying process cannot keep either. Space is taken before the length
// grows. A call that fails asks for the length again and takes away only what it added.
//
// Locking: gate.mu counts users and is held for moments. What a Region is (frame,
// length) changes only behind a gate with nobody inside; Region.mu orders the calls
// inside that note what the pages are now. regionList.mu and refusals.mu are leaves,
// except that an explanation asks the kernel for the length of a file under the
// former. View holds the gate as a user: Resize and Close wait, and methods called
// inside do not wait for those.
//
// Caveats: Bytes after Resize or Close is a stale slice, like any in C: it faults or
// shows something else; View cannot be fooled like that. A Region is not closed by
// being forgotten. Bytes of a file or shared object change when others write them, so
// what was checked must be copied first. The race detector sees none of it.
package largeobj
