// SPDX-License-Identifier: Apache-2.0

// Fuzz tests the allocator against models of what a program may expect of it. It consists
// of native Go fuzz targets, which compare the allocator with the models, and of a soak,
// which does so under load for hours.
//
//	go run ./fuzz -duration 10m -profile mixed      the soak
//	go run ./fuzz -help                             its flags
//	go test ./fuzz                                  the seed corpus, in seconds
//	go test ./fuzz -run '^$' -fuzz '^FuzzRealloc$' -fuzztime 5m -fuzzminimizetime 10x
//
// These are the targets:
//
//	FuzzAllocator       one runner, all operations
//	FuzzRealloc         one runner, few blocks that are resized often
//	FuzzAlignment       one runner, alignments up to 1 GiB and more
//	FuzzHardening       FuzzAllocator with alloc.Hardening
//	FuzzConcurrent      several runners at once, which send blocks to each other
//	FuzzLargePolicies   a largeheap.Heap, with time counted in ticks
//	FuzzArena           an arena of any kind
//	FuzzStructures      a structure of each type of alloc/offheap, beside Go's maps
//	FuzzCacheFile       files that a Cache of alloc/offheap loads: any, damaged, and with right checksums
//	FuzzClose           one runner, while other Allocators are closed in use
//	FuzzBubbles         one runner, inside and outside bubbles of testing/synctest
//	FuzzFile            an arena file that others cut, make longer, lock and copy
//	FuzzRegions         regions of memory, and of one file that others append to, cut,
//	                    lock and remove
//	FuzzSizeClass       the arithmetic of sizeclass, against searching and dividing
//
// Two file formats have targets next to their code: FuzzReader in stats/heaptrace for
// traces, and FuzzProfile in internal/pprofile for heap profiles.
//
// The schedule of FuzzConcurrent and of the soak is the runtime's. Which orders of the steps
// of two calls are right, alloc.TestInterleavings explores on purpose (package
// internal/interleave).
//
// # Failures
//
// A failure reports what is wrong and the operations before it, each with its handle and
// the numbers that it read (sizes, blocks, counts) in order. go test writes the input to
// testdata/fuzz and prints the command that runs it again:
//
//	go test ./fuzz -run 'FuzzRealloc/0123456789abcdef'
//
// After the bug is fixed, the input stays there as part of the corpus. A failure of
// FuzzConcurrent may need repetition: -count 100, or -race.
//
// When an input covers something new, Go minimises it first, for up to a minute. The flag
// -fuzzminimizetime shortens that. The processes of -parallel do not affect each other.
//
// # Structures
//
//	input ─► stream ─► runner ─► model: an Allocator, injected faults, another Allocator
//	                     │
//	                     └─► shadow: the live blocks, by age and by address
//
//	stream      reads bytes as choices: operations, sizes, alignments, blocks
//	block       address, requested and usable bytes, pattern
//	shadow      the blocks of one runner, and their sums by size class
//	vm.Insist   makes a call that fails again: at once, and after its cause has gone
//	runner      runs a stream on a model with three Locals, and keeps a shadow
//	largeModel  does the same with a largeheap.Heap
//	arenaModel  does the same with an arena
//	fileModel   does the same with an arena file, and knows its last commit
//	regionModel does the same with regions
//	doomed      an Allocator that is closed while goroutines use it
//	faults      the kernel calls that will fail (vm.Inject)
//	trace       the last operations, for the report
//
// Each input gets its own Allocator. The targets with one runner run on one processor and
// choose blocks by age, not by address. So an input means the same whenever it is run.
// For FuzzConcurrent this holds for the choices of each runner, but not for the schedule.
//
// # From bytes to operations
//
// The first byte of an input selects the options of large objects:
//
//	bits 0–1  policy: retain, unmap, keep, retain
//	bits 2–3  limit of retained bytes: default, 1 MiB, 256 KiB, none
//	bit 4     purge by MADV_FREE
//	bit 5     carve from shared mappings
//	bits 6–7  1: record a trace, which must be consistent and end with the live objects;
//	          2: small blocks are guarded, as many as there are slots;
//	          3: the Allocator is checked
//
// The second byte is the ending. Bit 0 leaves live blocks to Close. Bit 1 closes Locals
// after the Allocator. Bit 2 installs a callback that frees a block when the limit is
// reached. For FuzzHardening, bits 3–5 select zeros on free, random order, and guards of
// spans. Bits 6–7 select huge pages: for all memory, for dense chunks, or none.
// FuzzLargePolicies uses only bit 0. FuzzArena has no ending; it has a byte of its
// own before the options, which arenaOptions reads. FuzzConcurrent has a byte between the
// two: the number of runners (2 + b mod 3), the number of processors (1 + bits 2–3), and
// bit 6, which makes memory age all the time.
//
// The operations follow. FuzzLargePolicies reads one operation of large.go for each byte,
// FuzzArena one of arena.go, FuzzRegions one of regions.go, and FuzzFile one of file.go. For runners the low six bits of a byte select an
// operation, by the weights in targets.go and concurrent.go. The high two bits select a
// handle: 0 is the Allocator, and the others are Locals. An operation reads further bytes
// as needed. After the end of the input all bytes are 0.
//
//	operation            reads                 does
//	malloc               size                  Malloc
//	calloc               size, n               Calloc of n elements with size bytes in all
//	memalign, far        align, size           Memalign, up to 1 MiB or any alignment
//	realloc              block, size           Realloc; Resize of a slice
//	free                 block                 Free, through any handle
//	burst                size, n               2n times Malloc
//	freeburst            how, n                2n times Free: last, first, or every k-th
//	batch                size, n               MallocBatch of n; CallocBatch if n is odd
//	freebatch            how, n                FreeBatch of n; with a misuse from how = 128 on
//	usable               block                 UsableSize
//	makeslice            type, size, length    MakeSlice, of elements of 1, 3, 8 or 100 bytes
//	append               block, n              Append of n values; of the slice's own if n is odd;
//	                                           of its rest to a part of it if n mod 8 is 6
//	resize               block, size           Resize
//	trim, stats, check                         Trim; compare the statistics; also Verify and check all blocks
//	age                  n                     let n mod 32 + 1 ticks pass, which age memory
//	limit                amount                SetLimit above or below the footprint; mostly no limit
//	misuse               kind, how             see below
//	fail                 which, amount         make kernel calls fail: kinds, after how many, how many
//	heal                                       make all kernel calls work again
//	reopen                                     Local.Close; the next use opens it again
//	send, receive        block                 send a block to another runner; receive what others sent
//
//	size   two bytes    most often at most 4 bytes from a class bound; anywhere in a
//	                    class; large, within 64 bytes of a page bound; up to 12 MiB;
//	                    rarely negative or close to the largest int
//	align  one byte     a power of two; one in sixteen is invalid
//	block  one byte     one of the first 256 live blocks
//
// A misuse passes a bad address to Free, Realloc or UsableSize: an address inside a block,
// in Go memory, in no memory, or freed before; another Allocator's block; or a large object
// with a damaged header. For a checked Allocator and for a guarded block, a misuse writes
// one byte next to a block, or one byte of a freed block.
//
// # What is asserted
//
// For each operation:
//
//	no two blocks of any owner overlap
//	address mod alignment = 0;  size ≤ usable; small: usable = block size of the class;
//	checked or guarded: usable = size
//	Calloc, MakeSlice and the bytes that Resize adds are zero
//	a block keeps its pattern until it is freed; Realloc, Append and Resize keep it
//	up to the smaller size, to the last byte
//	an error occurs only if the request is invalid, exceeds a limit, or a kernel call
//	has failed meanwhile; then nothing has changed
//	a misuse panics with *alloc.MisuseError, and nothing has changed
//
// From time to time, and after each misuse and Trim, the statistics are compared:
//
//	Memory.Total() = Mapped + Metadata.Mapped
//	Memory.Dirty() = Footprint + Metadata.Footprint,  Footprint ≤ limit
//	for each class:  Blocks = Live + Quarantined + Cached + InDepot + Idle
//	                 Live, Allocs and Requested = the shadow's
//	large objects:   Live and LargeRequested = the shadow's
//
// At the end everything is freed. After Trim nothing is mapped, the page map has no
// entries, and the Allocator works again. After Close nothing is mapped, all its blocks are
// refused, and no byte of metadata is lost.
//
// With several runners the statistics are compared only after all of them have ended. A
// largeModel checks the equations of package largeheap after each operation, with the
// heap's own Check and with its sums.
//
// A pattern is noise that depends on the block and the position. Blocks are filled
// completely up to 48 KiB, and those of a burst up to 2 KiB. Of longer blocks these parts
// are filled: both ends, a piece in each 28 KiB, and the bytes just below the length to
// which a Realloc cuts.
//
// A regionModel and a fileModel make kernel calls of an operation fail: one, or two in a row,
// so that undoing fails, too. For a fileModel all calls can fail from one on, as if the
// process died there. Without such failures an operation must succeed, or fail for the reason
// that the model gives; after one failure nothing may have changed. A commit that fails leaves
// the last commit in the file; with arena.ErrReopen it may leave the new one.
//
// # Each error path twice
//
// A call that fails for lack of memory, for lack of space or at a limit is made again at once,
// while the cause lasts. It fails again, or succeeds as any call. For every second operation the
// cause is then removed: no kernel call fails, and there is no limit. Now the call must succeed.
// The other operations leave the cause, so that many calls in a row fail.
//
// After each failure the model is compared with the statistics and with the contents. A second
// failure of a runner must not take memory:
//
//	footprint, mapped, without what is live, after the second failure ≤ those after the first
//
// Several runners at once repeat a call only while its cause lasts, for they cannot know whether
// another one injects failures. Workers of the soak repeat it once more in the audit, when nobody
// disturbs them.
//
// The structures of FuzzStructures get most of their memory from pages that are mapped already. So
// they meet limits more often than kernel calls that fail.
//
// The fault tests beside the packages do the same without choice: they make all kernel calls fail
// from the n-th on, for each n.
//
// Allocators that are closed in use belong to goroutines that allocate and free at a limit,
// but do not touch the memory. Close must succeed and leave nothing mapped, and their calls
// must end with alloc.ErrClosed or a *alloc.MisuseError. The Allocators beside them are
// bystanders, which must notice nothing.
//
// # The soak
//
// The soak consists of runs. Each run has up to four new Allocators with options from the
// seed: plain, checked, guarded, recorded and hardened ones beside each other. Each has a crew
// of workers. A run has a few rounds.
//
//	structures  all workers, each on structures of alloc/offheap of its own, in one Allocator
//	workers   goroutines, every fourth locked to its thread: allocate, fill, verify,
//	          resize, free, cut slices and join them again, and send blocks to each
//	          other, as the load profile says; allocate and free bursts of up to 64
//	          blocks, one by one and in batches; close and open their Locals
//	disturb   one goroutine: GOMAXPROCS from 1 to -procs, garbage collections, Trim, kernel
//	          calls that fail, limits, Locals that the garbage collector must close, other
//	          Allocators that are closed in use, bubbles of testing/synctest, and an arena
//	          file that is written and compacted while processes are started
//	audit     after each round, while no worker runs: the contents of every block, and
//	          the Allocators' statistics against the sums of their workers
//	end       everything is freed, or every second block is left to Close, while the
//	          other crews go on; then nothing may be mapped, and no metadata may be lost
//
// These are the load profiles:
//
//	small     blocks up to 256 bytes, most of them served from caches
//	mixed     up to 16 KiB, small blocks more often; one in 256 is large
//	large     64 KiB to 4 MiB
//	handover  up to 2 KiB; most blocks are freed by another worker
//
// Most blocks of workers are filled completely up to 256 bytes, some up to 2 KiB or 48 KiB, and
// those of bursts have a pattern of 16 bytes at both ends. Crews have up to the slots of the
// profile, or an eighth of them. All limits of time are counts of ticks, so a soak may be stopped
// (SIGSTOP) and continued.
//
// The first violation ends the soak with exit status 1. The report contains the worker's
// last operations, and a command that makes the same choices, but not the same schedule. If
// no allocation, free or resize ends within two minutes, the soak prints the stacks of all
// goroutines and exits with status 1, too.
package main
