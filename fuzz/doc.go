// SPDX-License-Identifier: Apache-2.0

// Fuzz proves the allocator: models of what a program may expect of it, native Go
// fuzz targets that compare it with them, and a soak that does so for hours.
//
//	go run ./fuzz -duration 10m -profile mixed      the soak
//	go test ./fuzz -run '^$' -fuzz '^FuzzRealloc$'  a fuzz target
//
//	FuzzAllocator       one player, all operations
//	FuzzRealloc         one player, few blocks that are resized often
//	FuzzAlignment       one player, alignments up to 1 GiB and beyond
//	FuzzHardening       as FuzzAllocator, with alloc.Hardening
//	FuzzConcurrent      several players at once, who hand blocks over to each other
//	FuzzLargePolicies   a largeheap.Heap, whose time passes in ticks
//	FuzzArena           an arena of any kind
//	FuzzSizeClass       the arithmetic of sizeclass, against searching and dividing
//
// Files that others write have theirs next to the code: FuzzReader in stats/heaptrace
// for traces, FuzzProfile in internal/pprofile for heap profiles.
//
// # Structures
//
//	input ─► stream ─► player ─► model: an Allocator, injected faults, another Allocator
//	                     │
//	                     └─► shadow: the live blocks, in order of age and by address
//
//	stream    bytes as choices: operations, sizes, alignments, blocks
//	block     address, bytes asked for and usable, pattern
//	shadow    the blocks of one player, and their sums by size class
//	player    plays a stream on a model with three Locals, and keeps a shadow
//	large-heap model     the same for a largeheap.Heap
//	arena model      the same for an arena
//	faults    kernel calls that are going to fail (vm.Inject)
//	trace     the last operations, for the report
//
// Each input gets an Allocator of its own. The targets of one player run on one
// processor, and blocks are chosen by age, not by address: an input means the same
// whenever it is played. Of FuzzConcurrent that holds for each player's choices,
// not for the schedule.
//
// # From bytes to operations
//
// The first byte of an input chooses the options of large objects:
//
//	bits 0–1  policy: retain, unmap, keep, retain
//	bits 2–3  budget of retained bytes: default, 1 MiB, 256 KiB, none
//	bit 4     purge by MADV_FREE
//	bit 5     carve from shared mappings
//	bits 6–7  1: record a trace, which must be true and end with what is live;
//	          2: small blocks are guarded, as many as there are slots for
//	          both: the Allocator is checked
//
// The second is the ending: bit 0 leaves live blocks to Close, bit 1 closes Locals
// after the Allocator, bit 2 has a callback free a block when the limit is reached;
// for FuzzHardening, bits 3–5 are zeros on free, random order, and guards of spans.
// A largeModel has only the first bit of it. An arena model has a byte of its own in front of
// the options instead, as arenaOptions reads it, and no ending. FuzzConcurrent has a byte between them: how
// many players (2 + b mod 3) and processors (1 + bits 2–3), and bit 6, with which
// memory ages all the while.
//
// Then operations follow, a large-heap model's one of those in large.go for each byte, an arena model's
// one of those in arena.go. For
// players the low six bits of a byte choose one, by the weights in targets.go and
// concurrent.go; the high two a handle, 0 for the Allocator, else a Local. More
// bytes are read as the operation needs them; behind the end all are 0.
//
//	operation            reads                 does
//	malloc               size                  Malloc
//	calloc               size, n               Calloc of n elements, size bytes together
//	memalign, far        align, size           Memalign, up to 1 MiB or without bound
//	realloc              block, size           Realloc; Resize of a slice
//	free                 block                 Free, through a handle that need not be the block's
//	burst                size, n               2n times Malloc
//	freeburst            how, n                2n times Free: last, first, or every so many
//	usable               block                 UsableSize
//	makeslice            type, size, length    MakeSlice, of elements of 1, 3, 8 or 100 bytes
//	append               block, n              Append of n values, of the slice's own if n is odd;
//	                                           of its rest to a part of it if n mod 8 is 6
//	resize               block, size           Resize
//	trim, stats, check                         Trim; compare the numbers; also Verify, and look at all blocks
//	limit                amount                SetLimit above or below the footprint, mostly to none
//	misuse               kind, how             see below
//	fail                 which, amount         have kernel calls fail: kinds, from when, how many
//	heal                                       let them work again
//	reopen                                     Local.Close; its next use opens it again
//	send, receive        block                 hand a block to another player, take what others sent
//
//	size   two bytes    most often at most 4 bytes from a class bound; anywhere in a
//	                    class; large, within 64 bytes of a page bound; up to 12 MiB;
//	                    rarely negative or next to the largest int
//	align  one byte     a power of two; one in sixteen is none
//	block  one byte     of the first 256 that are live
//
// A misuse passes an address inside a block, of Go memory or of none, freed before,
// or of another Allocator's block, or a large object whose header was damaged, to
// Free, Realloc or UsableSize. A checked Allocator, and a guarded block, has a byte next to
// a block written, or one of a block that was freed.
//
// # What is asserted
//
// Of each operation:
//
//	no block overlaps another, whoever's it is
//	address mod alignment = 0;  size ≤ usable; small: usable = block size of the class;
//	checked or guarded: usable = size
//	Calloc, MakeSlice and what Resize adds are zero
//	a block holds its pattern until it is freed; Realloc, Append and Resize keep it
//	up to the smaller size, to the last byte
//	an error: only where the request is invalid, a limit would really be exceeded,
//	or a kernel call failed meanwhile; then nothing has changed
//	a misuse panics with *alloc.MisuseError, and nothing has changed
//
// Now and then, and after each misuse and Trim, of the numbers:
//
//	Memory.Total() = Mapped + Metadata.Mapped
//	Memory.Dirty() = Footprint + Metadata.Footprint,  Footprint ≤ limit
//	for each class:  Blocks = Live + Quarantined + Cached + InDepot + Idle
//	                 Live, Allocs and Requested = the shadow's
//	large objects:   Live and LargeRequested = the shadow's
//
// At the end everything is freed: after Trim nothing is mapped and the page map
// leads nowhere; the Allocator works again; after Close nothing is mapped, its
// blocks are refused, and no byte of metadata is lost.
//
// While several players play, what is said of numbers holds only when they have
// ended. A large-heap model is asserted after each operation to keep what the documentation
// of package largeheap states, by its own Check and by its sums.
//
// Patterns are noise that depends on block and position. Blocks are filled wholly
// up to 48 KiB, those of a burst up to 2 KiB; of longer ones the ends, a piece in
// each 28 KiB, and the bytes in front of where a Realloc cuts.
//
// # The soak
//
// It plays runs, each with a new Allocator, whose options the seed chooses, and
// of a few rounds:
//
//	workers   goroutines, every fourth locked to its thread: allocate, fill, verify,
//	          resize, free, and hand over to each other, as the profile of load says
//	disturb   one goroutine: GOMAXPROCS from 1 to -procs, collections, Trim, kernel
//	          calls that fail, limits, Locals that are left to the collector
//	audit     after each round, with nobody at work: every block's contents, and the
//	          Allocator's numbers against those of all workers
//	end       everything is freed, or every second block is left to Close; nothing
//	          may be mapped then, and no metadata be lost
//
//	small     blocks up to 256 bytes, most of them at home in caches
//	mixed     up to 16 KiB, small ones more often; one in 256 is large
//	large     64 KiB to 4 MiB
//	handover  up to 2 KiB; most blocks are freed by another worker
//
// The first violation ends it: the worker's last operations are told, and the
// command that makes the same choices again, though not in the same schedule. The
// exit status is 1 then. It is 1, too, with all goroutines' stacks, if no operation
// ends in two minutes. An operation is an allocation, a free or a resize.
//
// # Running
//
//	go run ./fuzz -help                                         the flags of the soak
//	go test ./fuzz                                              the seed corpus, in seconds
//	go test ./fuzz -run '^$' -fuzz '^FuzzRealloc$' -fuzztime 5m -fuzzminimizetime 10x
//
// An input that covers something new is minimised first, for up to a minute;
// -fuzzminimizetime keeps that short. Processes of -parallel do not disturb one
// another.
//
// A failure says what was wrong, with the operations that led there: their handle,
// and the numbers that they read (sizes, blocks, counts) in order. go test writes
// the input to testdata/fuzz, names it, and says how to run it again:
//
//	go test ./fuzz -run 'FuzzRealloc/0123456789abcdef'
//
// Inputs stay there as part of the corpus when what they found was mended. What
// FuzzConcurrent found may need repeating: -count 100, or -race.
package main
