// SPDX-License-Identifier: Apache-2.0

// Package arena is memory outside the Go heap that is allocated piece by piece and
// freed at once: that of a request, a batch, a document, a tree. The collector does
// not see it, and nobody frees its pieces one by one. Functions that return what they
// allocate (New, MakeSlice, Append, NewLinked …) panic with an *Error when there is no
// memory, as make does; Try makes an error of that. Everything else returns an error:
// NewArenaWithOptions, Alloc, and all of files and shared arenas. Mistakes that can damage
// memory panic with an *alloc.MisuseError.
//
//	a := arena.NewArena()
//	defer a.Free()
//	p := arena.New[point](a)              // zeroed
//	s := arena.MakeSlice[int](a, 0, 100)
//	s = arena.Append(a, s, 1, 2, 3)
//	keep := arena.Clone(s)                // in the Go heap: outlives the arena
//	a.Reset()                             // p and s are gone, a goes on
//
// NewArena, Free, New, MakeSlice and Clone are those of the standard library's
// experimental arena (GOEXPERIMENT=arenas). A program written for it needs another
// import, and types without Go pointers.
//
// Open keeps an arena in a file, and OpenShared in memory that processes share. FORMAT.md
// describes the file.
//
// # Structures
//
//	Arena       the handle: the window, and what else an allocation needs
//	window      some KiB, cleared, that allocations are cut from by adding to a pointer
//	lane        a window for one processor, in a concurrent arena
//	core        the rest: chunks, numbers, where it was made
//	chunk       a block of the allocator's that windows are cut from
//	own block   a block of the allocator's for one large request
//	run         linked objects side by side; a list of them, kept off the Go heap
//	quarantine  of an allocator: the inaccessible chunks of its checked arenas
//
// # Layout
//
//	chunks[0]                  chunks[current]               chunks[current+1]
//	┌────────────────────┬───┐ ┌───────┬─────────┬─────────┐ ┌──────────────────────────┐
//	│ handed out         │///│ │ handed│ window  │ free    │ │ free                     │
//	└────────────────────┴───┘ └───────┴─────────┴─────────┘ └──────────────────────────┘
//	                     tail          ▲         ▲
//	                                   next      limit
//
// The first chunk has InitialSize, each further one twice as much as the one before
// up to MaxChunk. A request of more than a quarter of MaxChunk has a block of its own,
// so that tails are a quarter of the chunks at most. There are no headers: what an
// overrun hits is other objects of the arena's, or what lies behind the chunk.
//
// Chunks come from the allocator of Options.Allocator, whose caches and retained
// extents are the pool that arenas share: an arena that is made, used and freed for
// each request makes no kernel call when the program has settled. Its limit, heap
// profile and dump count them.
//
// # The path of an allocation
//
// New[T] is inlined into a call of alloc with two constants, the size of T and its
// descriptor. It rounds the size up, compares it with what is left of the window,
// loads from the descriptor that T holds no pointers, and adds.
//
//	window ─► the chunk's next 2 to 16 KiB, cleared if not fresh        core's lock
//	       ─► the next chunk                                            core's lock
//	       ─► the allocator: cache, retained extent, kernel             its locks
//
// # Zeroing
//
// Memory is cleared when a window is cut off, right before it is handed out, and
// only where an earlier round has used it. Of the other ways that were measured,
// clearing each object as it is allocated takes half as long again for 64 bytes,
// since it cannot use the processor's long stores; clearing everything at Reset is as
// fast while it fits in the second cache, and clears also what the next round does not
// use. Windows shorter than 8 KiB cost more, and those
// longer than 64 KiB, too.
//
// # Reset
//
// Reset makes all chunks free that the recent rounds used: it keeps the most bytes
// that a round used, less an eighth for each round since. The other chunks, and the
// blocks of large requests, go back to the allocator, which gives them to the kernel
// with age.
//
// # Concurrent arenas
//
// Each processor has a lane, which package percpu gives to one goroutine at a time.
// A lane takes 4 to 16 KiB at a time under the core's lock, and clears them outside.
// What a goroutine brings to another processor's lane replaces what that has left, if
// it is more; the lesser of both is lost until Reset.
//
// # Linked objects
//
// Go pointers into an arena are plain numbers to the collector: it neither follows
// nor frees what they lead to, wherever they are stored. Go pointers in an arena are
// not seen at all. NewLinked admits types that hold pointers, for those into the same
// arena. Audit finds the others: the arena keeps a list of its linked objects, of one
// entry for each run of neighbours of one type.
//
// Storing a pointer while the collector marks tells it the slot's old value, too (the
// write barrier). So linked memory must hold valid pointers from the start, and is
// always zeroed.
//
// # Checked arenas
//
// With Options.Checked, Reset and Free make chunks inaccessible and put them into
// quarantine, from which the oldest go back to the allocator when it is full. Until
// then each use of them faults. alloc.Catch turns the fault into an error that
// names the arena and says where it was made and where it was freed or reset.
//
// # Files
//
// Open keeps an arena in a file. What is in it is reached from Root by refs, offsets
// that hold wherever the file is mapped; file_format.go draws the file. Its memory is
// a private mapping of the file: what the program writes makes the kernel copy the page
// and reaches the file by Sync alone, which writes the copies, as the kernel lists them,
// by way of a journal (file_sync.go has the steps). File.Copy makes a consistent copy
// meanwhile, with more room if that is asked for. So, of what a file holds:
//
//	after the process was killed  the state of the last Sync that returned nil, or of the
//	                              one that was under way
//	after the system has died     the same, unless FileOptions.NoStore
//	bits flipped in a header      the state of the last Sync: there are two; after a kill or
//	                              a power cut that, or ErrDamaged
//	in the journal, the table     ErrDamaged by Open, by Verify
//	in the data                   ErrDamaged by Verify, FileOptions.Verify; else unnoticed
//	cut, foreign, newer           ErrTruncated, ErrForeign, ErrVersion by Open
//	cut while it is open          ErrTruncated by Sync, growth and Close
//	the disk was full             the state of the last Sync: ErrNoSpace comes before a commit
//
// The last line does not hold for file systems that take new space to overwrite old (btrfs,
// ZFS): there a commit can fail half-way with ErrReopen. Writing to memory of a File on a
// full disk works, on tmpfs too, where NewRef and the like take the space; a file on tmpfs
// that was copied there with holes needs File.Catch.
//
//	pages(Used) = pages that the last commit needs as they are
//	table[i] = sum of page i of the data, for each i < pages(Used)
//	both header slots are equal, while no commit is under way
//	beyond the data the file is zero, while no commit is under way
//	places are overwritten only while both header slots name the journal, or a newer state
//	f.length = the length that the File gave the file ≤ the length it has, or it was cut
//
// # Shared arenas
//
// OpenShared has processes allocate from one memory, by a compare-and-swap of a word in
// its header (shared.go draws it). There is no lock that a process could die with.
//
// # Invariants
//
// Those of a chunk are beside its structure. Of an arena:
//
//	next ≤ limit = base + used of the current chunk, if there is a window
//	[next, limit) is zero, unless the arena does not zero
//	used of chunks[i] = 0 for i > current
//	Used + Free + Waste = Reserved = Σ size of chunks and own blocks ≤ Limit
//
// # Who may touch what
//
//	next, limit, run   the one goroutine that uses the arena
//	lanes              whoever is pinned to the processor; Reset and Free
//	memory of a File   its users; nobody but Sync or Close while these run
//	a File otherwise   its mutex
//	a shared arena     everybody, by atomic operations on its header
//	core               its mutex; an arena that is not concurrent takes it, too, since
//	                   Stats reads the numbers from outside
//	quarantine         its mutex, taken with a core's held
//
// An arena calls the allocator with the core's mutex held. The allocator calls the core
// (for Stats, and when it is closed) with no lock held. Functions of the program
// (OnLimit, Logger, OnDrop) are called with no lock held (obtain.go).
//
// # Caveats
//
//   - The handle must be reachable as long as the memory is in use: an arena that was
//     dropped is freed. The allocator's dump says how many were, and where they were
//     made.
//   - Use after Free or Reset is caught in checked arenas only.
//   - The built-in append moves a slice to the Go heap when it grows.
//   - The race detector sees blocks on Linux, and so the memory of arenas; not files and
//     shared arenas. Two goroutines that use an arena which is not concurrent are found.
//   - A pointer into an arena that was freed, whose addresses the kernel later gave to
//     the Go heap, is a "bad pointer" to the collector even if it is never used. On
//     64-bit systems the Go heap's addresses lie elsewhere.
//   - 16-byte vectors and the like want Options.Align.
//   - A File and a shared arena free nothing until the whole is removed. File.Copy does
//     not leave out what no ref leads to. The layout of a type (field names, kinds,
//     offsets) is part of them: a changed type is refused.
//   - A page of a file that was damaged on the disk, and is then changed in part, gets a
//     new sum: Verify first where that matters.
package arena
