// SPDX-License-Identifier: Apache-2.0

// Package alloc is a memory allocator whose memory the garbage collector never
// sees. It is for caches, indexes, databases and brokers that hold gigabytes and
// cannot let the collector mark them.
//
//	var a alloc.Allocator // ready for use, by any number of goroutines
//	b, err := a.MallocBytes(4096)
//	...
//	a.FreeBytes(b)
//
// MallocBytes, CallocBytes, ReallocBytes and FreeBytes work with slices of bytes. New,
// MakeSlice, Append, Resize, Free and FreeSlice do the same for values and slices of any
// type that holds no Go pointers. Malloc, Calloc, Realloc, Memalign and Free work with
// pointers. A Local is a handle for one goroutine at a time that is faster still; whatever
// takes a Memory takes an Allocator or a Local.
//
// Memory that is unused for Options.Decay goes back to the kernel. A timer sees to it: an
// Allocator has no goroutine that a test for leaked goroutines could find, and it may be
// used inside and outside bubbles of testing/synctest. What is unused in a bubble goes
// back once the Allocator is used outside it.
//
// # Structures
//
//	Allocator   routes requests by size; owns all that follows
//	cache       a class cache for each class, and a large-object cache; one cache for
//	            each processor (P) and each Local
//	class cache two magazines, the loaded one and the previous one
//	magazine    a few dozen free blocks, ready to be handed out
//	large-object cache
//	            a few freed large objects, likewise
//	depot       one for each class: spare magazines, and the spans
//	span        a run of pages cut into blocks of one class, with a state byte
//	            for each block, kept apart from the blocks (internal/smallheap has
//	            these four)
//	page heap   mappings of 64 MiB, cut into runs of pages (internal/pageheap)
//	page map    from an address to its span or large object (internal/pagemap)
//	large heap  objects of 128 KiB and more, a mapping each (internal/largeheap)
//	profile     sampled blocks and their stacks (internal/heapprof)
//	purger      a timer that gives unused memory back with age
//	recorder    puts operations in order and writes them, while a trace is recorded
//	            (stats/heaptrace)
//
// Everything but the Allocator itself lives outside the Go heap: with ten million
// live blocks the collector has nothing to scan and next to nothing to own.
//
// # The life of a small block
//
// Malloc(n) finds the class of n by arithmetic, pins the goroutine to its
// processor, takes the top block of the loaded magazine, marks its state byte
// live and unpins: no lock, no atomic operation, no look-up. When the magazine
// is empty it goes on, each step rarer than the one before:
//
//	loaded magazine ─► previous magazine        swapped in place
//	                ─► depot: a full magazine   one short lock, O(1)
//	                ─► a span with idle blocks  carved into a magazine, same lock
//	                ─► page heap: a new span    a bitmap search
//	                ─► kernel: a new chunk      one mmap for 64 MiB
//
// Free(p) is the mirror. The page map leads from p to its span's descriptor; a
// multiplication tells which block p is in and whether it begins there; the state
// byte tells whether that is live. Then the block is marked free and goes on top
// of the loaded magazine. A freed block is never written to: its link to the
// magazine is in the magazine. When magazines overflow they go to the depot, from
// there to their spans, and spans without live blocks to the page heap.
//
// Blocks freed by another goroutine than allocated them take no other path. They
// travel between processors by the magazine.
//
// # The life of a large object
//
// From 128 KiB on Malloc looks for an object that fits in the large-object cache,
// then asks the large heap: a retained extent, or a new mapping (internal/largeheap). Free
// finds the descriptor in the page map and compares the header in front of the
// object with it. Then it puts the object into the large-object cache, or gives it to
// the large heap, which retains it for a while. Realloc lets the kernel move pages
// instead of copying.
//
// # The life of a sample
//
// A class cache counts its blocks down; the fast paths know no more of the heap profile.
// At 0 the slow path asks the sampler whether the next block is a sampled one, hands it
// out like any other, and releases the cache. Then, with nothing pinned or locked:
//
//	nextSample = 0 ─► sampler: sampled?           the way to the next is drawn at once
//	               ─► labels of the goroutine     internal/proflabel
//	               ─► key of the stack            internal/callstack: known lately? else
//	               ─► the stack itself            runtime.Callers, resolved once
//	               ─► record in the table         internal/heapprof, its mutex
//	               ─► state byte: profiled
//
// A large object is sampled by bytes, which the large-object cache counts down, and a mark
// in the page map stands for the state. Free's fast path leaves a profiled block to the
// slow one, which takes its record out before anybody else can have the block. Realloc
// in place keeps the record, which moves with the object.
//
// # The slow paths
//
// A slow path enters the gate, asks what lives at the address, if it is given one, and
// passes the answer on to the backend that was chosen when the Allocator started:
//
//	Malloc   ─► retry (lowmem.go) ─► backend.malloc
//	Realloc  ─► retry             ─► backend.realloc ─► resolve ─► small, guarded, large
//	Free                          ─► backend.free    ─► resolve ─► or the report of a misuse
//
// resolve (resolve.go) reads the page map once. It tells small blocks, guarded blocks and
// large objects from what is free, inside a block, another Allocator's, or nobody's. The
// backend (backend.go) is unchecked, or a checker, which looks after the blocks that it has
// from an unchecked one. Nothing asks which of the two it is.
//
// # When Free takes its slow path
//
// Why Free has more to do with a block than to put it into a magazine is written down, so
// that nobody has to guess:
//
//	profiled   state byte   the heap profile has a record of it, which goes
//	traced     state byte   a trace knows it: the free is recorded, while one is under way
//	zeroing    freeOwner    every block of the Allocator is cleared (Hardening.ZeroOnFree)
//	checked    freeOwner    every block of the Allocator is looked at (Options.Checked)
//	guarded    page map     the block lies in the guards' pool
//
// Where the cause is the Allocator's, Free's fast path is given an owner that no block has:
// it takes none back. The slow path wins a block by one atomic change of its state before it
// does anything to it. So of several slow frees of one block at the same moment one
// succeeds, and the others are told.
//
// A block of class c is sampled with probability p, independently of all others, and stands
// for 1/p blocks, so that for each class, stack and label
//
//	p(c) = 1 − exp(−size(c)/rate)       one point or more in its bytes; 8 · rate from 4 KiB on
//	P(gap = k) = (1 − p)^k · p          blocks passed over: geometric, as coin tosses
//	E[Σ 1/p over samples] = blocks      unbiased, also where one stack mixes sizes
//	variance = blocks · (1 − p)/p
//
// For large objects the points lie at exponential distances, of rate bytes on average.
// One that grew is sampled as if it had been allocated with its new size; of those that
// shrank some samples are forgotten, so that the same holds.
//
// # Invariants
//
// For each class, with the caches at rest:
//
//	Σ blocks of its spans = live + cached in class caches + in the depot's magazines + idle
//	a block's state is cached ⇔ exactly one slot of one magazine names it
//	the profile has a record of a block ⇒ its state is profiled (an object: marked)
//	span.idle = |{i : state i is idle}|
//	span on the depot's partial list ⇔ span.idle > 0
//	pagemap.Get(a) = span for every address a of its pages, and for no other
//	page heap's used pages = Σ pages of all spans
//
// checkInvariants tests them all; the tests call it, and builds with the tag
// "invariants" check parts of them as they go.
//
// # Who may touch what
//
//	cache and magazines   whoever is pinned to the processor, or the Local's goroutine
//	state byte            live: the block's user, through Malloc, Free, Realloc
//	                      cached: the holder of the class cache; idle: the depot's lock
//	span's counts, lists  the depot's lock
//	countdowns            as the cache; the sampler's rates are atomic, its rng locks nothing
//	samples               the profile's mutex, taken with nothing pinned or locked
//	table of caches       read by all, written under Allocator.mu
//	descriptor's header   written before it is entered in the page map, then read only
//	checked blocks        the checker's mutex: their records, redzones and poison
//
// No lock is held while another of this package is taken, but Allocator.mu, under
// which a depot's may be, and the page heap's and the metadata's, which come last. The
// kernel is called under none but these two, when they grow; and under the checker's, with
// which the large heap's may be taken, when it makes pages inaccessible.
//
// Taking a cache away from a processor (Trim, Close, the purger when it was idle)
// is read-copy-update: the table's entry is replaced, then percpu.Synchronize
// waits until no pinned section can still be using the cache. Taking one away from a Local
// is the same with other means: a Local's fast paths are not pinned, so a profile of all
// goroutines shows whether one of them is within such a path (locals.go).
//
// Whoever takes a magazine, a span, pages or a large object off a list owns it, and works
// on it without a lock. All who do so outside a pinned section are inside the Allocator's
// gate (gate.go): the slow paths, and Trim, the purger, and what Profile and Inspect return.
// Close closes the gate, waits until nobody is inside, then takes the caches away; from
// there on all that is left is its own. Stats and Process need no gate: they read under
// the locks. OnLimit, Loggers and writers are called from outside it, so they may close
// the Allocator.
//
// # What is caught
//
// In every build, at the cost of the state byte: double free, free of an address
// inside a block or behind the last one, of memory of another Allocator, of Go, of
// nobody, use after Close, Realloc of a freed block. The operation is refused and panics
// with a *MisuseError; the Allocator goes on working. The error has a MisuseKind for a
// switch, the operation, the address, the block, and, for guarded and checked blocks, the
// calls that allocated and freed it. Two goroutines that free one small block at the very same moment
// may both succeed; the second entry is found, and reported, when it is about to
// be handed out (the requested bytes of its class are off by one block from then
// on). Of those that free or resize a large object, or whatever Free's slow path takes
// back, one succeeds and the others panic. What a large object's header says is compared
// with a registry before it is believed.
//
// Some memory is made inaccessible because any use of it is a mistake, like that of
// checked arenas after their end. A use faults. Catch turns the fault into a
// *MisuseError, and Describe returns the same for an address.
//
// Options.GuardRate has some blocks, sampled at random, lie between pages without access
// (guard.go has the picture): what is done to them beyond their bounds, or after they
// were freed, faults or is found by Free, and is told with the stacks that allocated and
// freed the block. In a fleet that finds, cheaply, what no test has. Options.Hardening
// has what makes mistakes less harmful.
//
// # Checked mode
//
// Options.Checked has an Allocator look after all of its blocks, in the same binary
// (checked.go has the picture). No fast path knows of it: every block is a sampled one.
//
//	a write within 16 bytes of either end,  found by the next Free, Realloc or UsableSize
//	mostly farther behind it                of the block, by Verify, and by Close
//	a write to a freed small block          found before the block is reused, by Verify,
//	                                        and by Close
//	a use of a freed large object           faults in its whole pages (Catch, Describe)
//	a block freed twice, or from inside     told with the block's stacks, while it is in
//	                                        the quarantine or live
//	Free[T], FreeSlice as another type      told, if the size is another
//	blocks never freed                      listed by Close, exactly, if there is
//	                                        Options.Leaks
//
// Each report has the stacks that allocated and freed the block. What was overwritten is
// repaired where that can be done, so that it is reported once. Correct programs behave as
// before, with three differences: UsableSize is the requested size, new blocks hold junk,
// and Realloc always moves the block.
// A block costs 32 bytes or more, and 64 of metadata; an allocation with its free twenty
// to thirty times what it costs otherwise, and four passes over the block.
//
// Not caught otherwise: use of a block after it was freed, and writes beyond its end,
// unless they hit a large object's header. A wild write can in principle hit the
// metadata, as it can hit anything in the process.
//
// # Traces
//
// Trace().Start records every operation until Stop: what, how much, by which
// goroutine, when, at which address, in an order in which no address is that of two
// objects. The harness in benchmarks replays the file on other allocators, with its
// goroutines and its order, and tells which size classes would waste least for it. While
// nothing is recorded the fast paths have no instruction for it.
//
// # The environment
//
// The environment variable ASHLAR sets options of the Default Allocator, without a change of
// the program: ASHLAR=checked,guardrate=5000,limit=8GiB. The keys, and the fields of Options
// that they set:
//
//	name=cache          Name
//	limit=8GiB          Limit; bytes may have one of the units B, KiB, MiB, GiB and TiB
//	decay=500ms         Decay; or decay=never
//	profilerate=64KiB   ProfileRate; or profilerate=off
//	guardrate=5000      GuardRate
//	checked             Checked
//	quarantine=64MiB    Quarantine; or quarantine=none
//	leaks=stderr        Leaks: what Default().Close() finds live; or leaks=stdout
//	log=stderr          Logger, as text; or log=stdout
//	zeroonfree          Hardening.ZeroOnFree
//	randomorder         Hardening.RandomOrder
//	spanguards          Hardening.SpanGuards
//	large=unmap         Large.Policy; or large=keep, large=retain
//	retain=1GiB         Large.RetainBytes; or retain=none
//	lazypurge           Large.LazyPurge
//	maxmappings=30000   Large.MaxMappings
//
// A mistake is reported on the standard error when the program starts, with the key and what
// is allowed; the other settings hold. Allocators of the program's own are not affected.
//
// # Caveats
//
//   - Go pointers must not be stored in this memory: the collector does not see
//     them there and frees what they point to. The typed helpers refuse types that
//     hold pointers; Malloc cannot know.
//   - GOMEMLIMIT and the Go runtime's statistics do not count this memory; Stats
//     and Options.Limit do.
//   - The race detector watches it on Linux only: builds with -race take the memory
//     of blocks from the Go heap (internal/raceannotate), up to 8 GiB. There it stays mapped
//     when it is given back, so a use after free is a race or nothing, not a fault.
//     Programs that keep addresses as numbers cannot have that:
//     Options.AddressesAsNumbers.
//   - A block that is never freed stays for ever, as in C.
//   - runtime.SetFinalizer and runtime.AddCleanup do not work on its pointers.
//   - A Local's cached blocks, 4 MiB at most, and its 6 KiB of metadata return when it is
//     closed or collected, when it is not used for a while, by Trim, and at Options.Limit.
//
// # Reading the source
//
// Package internal/smallheap has the structures of small blocks and their pictures.
// malloc.go and free.go have the fast paths and what comes after; cache.go the caches of
// processors; purge.go the way back to the kernel; lowmem.go what is tried when memory is
// short; sampler.go and sampled.go what becomes of sampled and guarded blocks; resolve.go
// what lives at an address.
package alloc
