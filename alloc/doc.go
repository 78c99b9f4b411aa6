// SPDX-License-Identifier: Apache-2.0

// Package alloc is a memory allocator whose memory the garbage collector never sees. It is
// for caches, indexes, databases and brokers that hold gigabytes and cannot let the
// collector mark them.
//
//	var a alloc.Allocator // ready for use by any number of goroutines
//	b, err := a.MallocBytes(4096)
//	if err != nil {
//		return err // memory is short
//	}
//	defer a.FreeBytes(b)
//
// An allocation that fails returns an *Error; nothing panics when memory is short, except Must,
// which panics with that error. Misuse, such as a double free, panics with a *MisuseError
// before it damages anything.
//
//	MallocBytes, CallocBytes, ReallocBytes, FreeBytes    slices of bytes
//	New, Free; MakeSlice, Append, Resize, FreeSlice      values and slices of types without Go pointers
//	Malloc, Calloc, Realloc, Memalign, Free              pointers, as in C
//
// Any number of goroutines may use an Allocator, and any goroutine may free a block.
//
// # What there is
//
//	Allocator      allocates, resizes and frees; any number of goroutines may use it
//	Local          the same for one goroutine at a time, faster still
//	Tag            the same, and counts what is live for a purpose of the program
//	Memory         what these three have in common; the typed helpers take any of them
//	NewBatch, FreeBatch, MallocBatch
//	               several values or blocks in one call
//	Must           panics with the error, if there is one
//	MallocSlice    a slice whose elements are not zeroed
//	NewTrailing    a struct with an array after it, in one block
//	Attach         a block that is freed, and counted, when its Go owner is lost
//	Owns, FreeAny  whether an Allocator owns a block; frees a block of any Allocator
//	PointerFree    whether a type may live outside the Go heap
//	Address        a pointer as a number, for tables that the collector need not scan
//	GoodSize       the sizes that waste nothing
//	Catch          turns a fault on inaccessible memory into an error
//	Trim, SetLimit, Stats, Close
//	               return unused memory to the kernel, bound it, count it, release all of it
//	Profile        the heap profile, for go tool pprof
//	Trace          a record of every operation
//	Inspect        a map of the heap, the kernel's numbers, overwritten bytes, live blocks
//	Options        limit, retention, profile, guarded blocks, checked mode, hardening
//
// Other packages build on this one: alloc/offheap has maps, a cache and an interner,
// alloc/buffer a bytes.Buffer, a file in memory and a pool, and alloc/budget one limit for the
// Go heap and this memory. Package arena frees many objects at once, largeobj/mmap maps files
// and shared memory, and stats/web serves a live page.
//
// # Caveats
//
//   - Never store a Go pointer in this memory. The collector does not see it there, and frees
//     what it points to. The typed helpers refuse types that hold pointers; Malloc cannot know.
//   - You free each block. A block that nobody frees stays until Close.
//   - The built-in append moves a slice to the Go heap when it grows. Use Append.
//   - GOMEMLIMIT and the Go runtime's statistics do not count this memory. Stats and
//     Options.Limit do; package alloc/budget keeps both under one limit.
//   - runtime.SetFinalizer and runtime.AddCleanup do not accept pointers into this memory.
//   - A Local keeps free blocks: at most two magazines of each size class. They return when it
//     is closed or collected.
//   - The race detector sees races on blocks only on Linux. There, builds with -race take the
//     memory of blocks from the Go heap (internal/raceannotate), up to 8 GiB. Freed memory
//     stays accessible in such builds, so a use after free is a race or not noticed, and never
//     a fault. Programs that keep addresses as numbers must set Options.AddressesAsNumbers.
//
// # What is caught
//
// Every build detects these mistakes, and panics with a *MisuseError: freeing a block twice, an
// address inside a block or after the last one, memory that another Allocator, Go or nobody
// owns, Realloc of a freed block, and use after Close. The operation changes nothing, and the
// Allocator continues to work. A MisuseError has a MisuseKind for a switch, the operation, the
// address and the block. For guarded and checked blocks it also has the calls that allocated
// and freed the block.
//
// Two goroutines that free one small block at the same moment may both succeed. The duplicate
// is detected and reported before the block is allocated twice. Of two goroutines that free one
// large object, one succeeds and the other panics. Before a header of a large object is used,
// it is compared with a record that lies elsewhere.
//
// Options.GuardRate places a few blocks, chosen at random, between pages without access. A use
// of such a block beyond its bounds or after Free faults, or the next Free finds it. The report
// has the stacks that allocated and freed the block. This is cheap enough for production.
// Catch turns such a fault into a *MisuseError, and Describe returns the same for an address.
// Options.Hardening makes mistakes less harmful.
//
// Other builds and modes do not catch a use of a block after it was freed, or a write beyond
// its end, unless the write hits the header of a large object. A wild write can also hit the
// allocator's own structures, as it can hit anything in the process.
//
// # Checked mode
//
// Options.Checked makes an Allocator check how its blocks are used, in the same binary
// (checked.go has the layout). It is for tests and for the search for a bug.
//
//	a write within 16 bytes of either end,  found by the next Free, Realloc or UsableSize
//	often also farther beyond it            of the block, by Verify, and by Close
//	a write to a freed small block          found before the block is reused, by Verify,
//	                                        and by Close
//	a use of a freed large object           faults in its whole pages (Catch, Describe)
//	a block freed twice, or from inside     reported with the block's stacks, while the block
//	                                        is live or in the quarantine
//	Free[T], FreeSlice as another type      reported if the sizes differ
//	blocks that are never freed             listed by Close if Options.Leaks is set
//
// Each report has the stacks that allocated and freed the block. The Allocator repairs what was
// overwritten where it can, so that each damage is reported once. Correct programs behave as
// before, with three differences: UsableSize is the requested size, new blocks hold junk, and
// Realloc always moves the block. A block costs at least 32 bytes more, and 64 bytes of
// metadata. Allocating and freeing a block takes twenty to thirty times as long.
//
// # Memory that returns to the kernel
//
// Memory that is unused for Options.Decay returns to the kernel: free spans and objects, and pages
// between live blocks. New blocks come from the fullest spans, so that others become free. A timer
// does that, not a goroutine. So leak detectors for goroutines find nothing, and an Allocator can
// be used inside and outside bubbles of testing/synctest. Memory that becomes unused in a bubble
// returns when the Allocator is used outside the bubble. Trim returns all unused memory at once.
//
// # Close
//
// Close may run at the same time as every other call. It waits for calls that have begun. Calls
// that begin later fail with ErrClosed or panic with a *MisuseError. Close unmaps all blocks, so
// no goroutine may read or write a block any more. That includes calls that copy or clear a
// live block, such as Realloc.
//
// # Profiles, traces and views
//
// Profile returns the heap profile, which is sampled all the time. Trace records every
// operation, with size, goroutine, time and address; the benchmarks replay such a file on
// other allocators. Inspect returns a view of an Allocator's inside: the map of the heap, Verify,
// leaks, the rate of guarded blocks. While none of them is used, the fast paths have no instruction for it.
//
// # What there is not
//
//   - Structs with pointers into the same Allocator that are freed one by one. The collector
//     does not see these pointers, and nothing checks them. Use an Address, an index, or
//     arena.NewLinked.
//   - A tag that is stored with each block, so that any Free counts for it. It would cost every
//     block memory and every operation time. Use a Tag, or the labels of the heap profile
//     (runtime/pprof.Do), which are estimates and cost nothing.
//   - A finalizer for a block. The collector does not see blocks. Attach the block to a Go
//     object instead.
//   - A Free with the size as an argument. The Allocator knows the size.
//   - Reference counts. A program that shares blocks keeps its own counts.
//   - An interposer for malloc of C. This memory is for Go.
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
//	hugepages=dense     HugePages; or hugepages=all, hugepages=off
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
// is allowed, or with the feature that the platform lacks; the other settings take effect.
// Allocators that the program creates itself are not affected.
//
// # Structures
//
//	Allocator    routes requests by size; owns everything that follows
//	cache        a class cache for each size class, and a large-object cache; each
//	             processor (P) and each Local has one
//	class cache  two magazines: the loaded and the previous one; blocks smaller than a cache
//	             line have a second class cache, which takes them back, so that a block does
//	             not come back at once beside blocks that another processor uses
//	magazine     a few dozen free blocks
//	depot        one for each class: spare magazines, and the spans
//	span         a run of pages that is cut into blocks of one class, with a state byte for
//	             each block, kept apart from the blocks
//	page heap    mappings of 64 MiB that are cut into runs of pages (internal/pageheap)
//	page map     from an address to its span or large object (internal/pagemap)
//	large heap   objects of 128 KiB and more, each with a mapping (internal/largeheap)
//	profile      sampled blocks and their stacks (internal/heapprof)
//	purger       a timer that gives unused memory back with age
//	recorder     orders and writes operations while a trace is recorded (stats/heaptrace)
//
// Package internal/smallheap has class caches, magazines, depots and spans. Everything except
// the Allocator itself lies outside the Go heap. With ten million live blocks the collector has
// nothing to scan.
//
// # The life of a small block
//
// Malloc(n) computes the class of n and pins the goroutine to its processor. It takes the top
// block of the loaded magazine, marks its state byte live, and unpins. There is no lock, no
// atomic operation and no look-up. When the magazine is empty, Malloc goes on; each step is
// rarer than the one before:
//
//	loaded magazine ─► previous magazine        swapped in place
//	                ─► depot: a full magazine   one short lock, O(1)
//	                ─► a span with idle blocks  cut into a magazine, same lock
//	                ─► page heap: a new span    a search in a bitmap
//	                ─► kernel: a new chunk      one mmap for 64 MiB
//
// Free(p) is the mirror. The page map leads from p to the descriptor of its span. A
// multiplication finds the block that p is in, and whether it begins at p. The state byte says
// whether the block is live. Free marks the block free and puts it on top of the loaded
// magazine. Free never writes to the block: magazines hold addresses. Full magazines go to the
// depot, from there to their spans, and spans without live blocks to the page heap.
//
// A block that another goroutine allocated takes the same path. Blocks travel between
// processors by the magazine.
//
// MallocBatch and FreeBatch do the same for several blocks (batch.go). They pin once for up to 32
// blocks. Where a batch needs more than the two magazines, whole magazines move between the
// depot and the program, several under one lock:
//
//	both magazines ─► depot: magazines with as many blocks ─► a span, by Malloc's slow path
//	both magazines ◄─ depot: as many empty magazines, filled
//
// The fast paths of Malloc and Free exist twice on amd64 and arm64: in Go (fast.go) and, instruction
// by instruction, in assembly (fast_amd64.s, fast_arm64.s), which is used if it can be called with
// its arguments in registers (fast_asm.go). For an Allocator the assembly must also understand the runtime: it does
// not pin, because nobody takes the processor away from a function in assembly (package
// internal/percpu says why). On amd64 it finds the processor's cache by the address of the
// runtime's P, through the Allocator's routes (fast_route.go). Builds with the tag ashlar_portable and builds for a sanitizer use the
// functions in Go.
//
// # The life of a large object
//
// From 128 KiB on, Malloc looks for an object that fits in the large-object cache, then for a
// retained extent in the large heap, and then maps a new one. Free finds the descriptor in the
// page map and compares the header in front of the object with it. Then Free puts the object
// into the large-object cache, or gives it to the large heap, which retains it for a while.
// Realloc lets the kernel move pages instead of copying them.
//
// Locals use the large-object cache of the processor, too. On amd64 the assembly serves a Malloc that
// finds its size in the youngest object of the cache, and a Free that finds room there. It makes all
// the checks of the functions in Go.
//
// # The life of a sample
//
// A class cache counts its blocks down; the fast paths know no more of the heap profile. At 0
// the slow path asks the sampler whether the next block is sampled, hands it out like any
// other, and releases the cache. Then, with nothing pinned or locked:
//
//	nextSample = 0 ─► sampler: sampled?           the distance to the next is drawn at once
//	               ─► labels of the goroutine     internal/proflabel
//	               ─► key of the stack            internal/callstack: known? else
//	               ─► the stack itself            runtime.Callers, resolved once
//	               ─► record in the table         internal/heapprof, its mutex
//	               ─► state byte: profiled
//
// For large objects the large-object cache counts bytes down, and a mark in the page map stands
// for the state byte. Realloc in place keeps the record, which moves with the object.
//
// A block of class c is sampled with probability p, independently of all others, and stands for
// 1/p blocks. For each class, stack and label:
//
//	p(c) = 1 − exp(−size(c)/rate)       one point or more in its bytes; 8 · rate from 4 KiB on
//	P(gap = k) = (1 − p)^k · p          blocks passed over: geometric, as coin tosses
//	E[Σ 1/p over samples] = blocks      unbiased, also where one stack mixes sizes
//	variance = blocks · (1 − p)/p
//
// For large objects the points lie at exponential distances, of rate bytes on average. An
// object that grew is sampled as if it had been allocated with its new size. Some samples of
// objects that shrank are dropped, so that the same holds for them.
//
// # The slow paths
//
// A slow path enters the gate, asks what lives at the address if it has one, and passes the
// answer to the backend that was chosen when the Allocator started:
//
//	Malloc   ─► retry (lowmem.go) ─► backend.malloc
//	Realloc  ─► retry             ─► backend.realloc ─► resolve ─► small, guarded, large
//	Free                          ─► backend.free    ─► resolve ─► or the report of a misuse
//
// Malloc and Free, and a Local's Free, have fast paths for large objects, too
// (largecache.go). They pass an object through the processor's large-object cache, and leave
// everything else to the slow paths: objects that are sampled, recorded or checked.
//
// resolve (resolve.go) reads the page map once. It tells small blocks, guarded blocks and large
// objects from what is free, inside a block, another Allocator's, or nobody's. The backend
// (backend.go) is unchecked or a checker. A checker takes its blocks from an unchecked backend.
// No other code asks which of the two it is.
//
// # When Free takes its slow path
//
// The reason why Free has more to do with a block than to put it into a magazine is recorded:
//
//	profiled   state byte   the heap profile has a record of the block, which goes
//	traced     state byte   a trace knows the block: the free is recorded
//	zeroing    freeOwner    Free clears every block of the Allocator (Hardening.ZeroOnFree)
//	checked    freeOwner    Free checks every block of the Allocator (Options.Checked)
//	guarded    page map     the block lies in the guard pool
//
// Where the reason is the Allocator's, Free's fast path compares with an owner that no block
// has, so it takes no block back. The slow path wins a block by one atomic change of its state
// before it does anything to it. Of several slow frees of one block at the same moment, one
// succeeds and the others report a double free.
//
// # Invariants
//
// For each class, with the caches at rest:
//
//	Σ blocks of its spans = live + cached in class caches + in the depot's magazines + idle
//	a block's state is cached ⇔ exactly one slot of one magazine names it
//	the profile has a record of a block ⇒ its state is profiled (an object: marked)
//	span.idle = |{i : state i is idle}|
//	a span is in the depot's bin of span.idle, or Purge works on it
//	pagemap.Get(a) = span for every address a of its pages, and for no other
//	page heap's used pages = Σ pages of all spans
//
// checkInvariants checks all of them; the tests call it. Builds with the tag "invariants" check
// parts of them as they run.
//
// # Who may touch what
//
//	cache and magazines   the goroutine that is pinned to the processor or in assembly on it, or
//	                      the Local's
//	state byte            live: the block's user, through Malloc, Free, Realloc
//	                      cached: the holder of the class cache; idle: the depot's lock
//	span's counts, lists  the depot's lock
//	countdowns            as the cache; the sampler's rates are atomic, its rng locks nothing
//	samples               the profile's mutex, taken with nothing pinned or locked
//	table of caches       read by all, written under Allocator.mu
//	routes                read by assembly, written under Allocator.mu
//	descriptor's header   written before it enters the page map, then only read
//	checked blocks        the checker's mutex: their records, redzones and poison
//
// No lock of this package is held while another one is taken, with these exceptions.
// Allocator.mu may be held when a depot's lock or the large heap's is taken. The locks of the
// page heap and of the metadata come last. The checker's lock may be held when the large heap's
// is taken. The kernel is called with none of them held, except by the page heap and the
// metadata when they grow, and by the checker when it makes pages inaccessible.
//
// Trim, Close and the purger take a cache away from a processor by read-copy-update: they
// replace the entry in the table, then percpu.Synchronize waits until no pinned section can
// still use the cache. The fast paths of a Local are not pinned. To take the cache of a Local
// away, a profile of all goroutines shows whether one of them is within such a path (locals.go).
//
// A goroutine that takes a magazine, a span, pages or a large object off a list owns it, and
// works on it without a lock. It does so inside the Allocator's gate (gate.go): the slow paths
// are, and so are Trim, the purger, and what Profile and Inspect return. Close closes the gate,
// waits until nobody is inside, and then takes the caches away; everything that is left is its
// own. Stats and Inspect().Process need no gate, because they read under the locks. OnLimit,
// Loggers and writers are called from outside the gate, so they may close the Allocator.
//
// # Reading the source
//
// Begin with malloc.go and free.go: the fast paths, and what follows them. cache.go has the
// caches of processors, purge.go the way back to the kernel, lowmem.go what is tried when
// memory is short, sampler.go and sampled.go what becomes of sampled and guarded blocks.
package alloc
