// SPDX-License-Identifier: Apache-2.0

// Package arena provides memory outside the Go heap that a program allocates piece by
// piece and frees at once. Use an arena for data that end together: of a request, a batch,
// a document, a tree. The garbage collector does not scan an arena.
//
//	a := arena.NewArena()
//	defer a.Free()
//	p := arena.New[point](a)              // zeroed
//	s := arena.MakeSlice[int](a, 0, 100)
//	s = arena.Append(a, s, 1, 2, 3)
//	keep := arena.Clone(s)                // in the Go heap: outlives the arena
//	a.Reset()                             // frees p and s; a can be used again
//
// Open keeps an arena in a file. OpenShared creates an arena that processes share.
//
// Errors: functions that return what they allocate (New, MakeSlice, Append, NewLinked …)
// panic with an *Error if there is no memory, as make does. Try turns this panic into an
// error. Everything else returns an error: NewArenaWithOptions, Alloc, and all functions of
// files and shared arenas. Mistakes that can damage memory panic with an
// *alloc.MisuseError.
//
// Concurrency: one goroutine at a time uses an arena, or any number of goroutines with
// Options.Concurrent.
//
// NewArena, Free, New, MakeSlice and Clone have the signatures of the standard library's
// experimental arena (GOEXPERIMENT=arenas). To port a program, change the import, and use
// types without Go pointers.
//
// # Caveats
//
//   - Memory is freed while it is in use if the handle becomes unreachable: the collector
//     then frees the arena. The allocator's dump counts dropped arenas, and says where they
//     were made.
//   - Use after Free or Reset is found in checked arenas only.
//   - The built-in append moves a slice to the Go heap when it grows. Use Append.
//   - The race detector checks the memory of arenas on Linux, but not of files and shared
//     arenas. It finds two goroutines that use an arena which is not concurrent.
//   - The collector can report a "bad pointer" for a pointer into an arena that was freed,
//     even if the program does not use the pointer. This happens if the kernel gives the
//     arena's addresses to the Go heap. On 64-bit systems the Go heap has other addresses.
//   - 16-byte vectors need Options.Align.
//   - A shared arena frees nothing until the whole is removed. A File frees nothing until
//     Compact; until then File.Copy also copies objects that no ref reaches.
//   - The layout of a type (field names, kinds, offsets) is part of a File and of a shared
//     arena. If the type of the root has changed, Root fails with ErrRootType.
//   - Damage can become valid: if a page of a file was damaged on the disk and the program
//     then changes a part of it, Sync computes a new checksum. Call Verify first where this
//     matters.
//
// # Structures
//
//	Arena       the handle: the window, and the other fields that each allocation needs
//	window      some KiB of cleared memory; an allocation adds to a pointer into it
//	lane        a window for one processor, in a concurrent arena
//	core        the rest: chunks, numbers, where the arena was made
//	chunk       a block of the allocator that windows are cut from
//	own block   a block of the allocator for one large request
//	run         adjacent linked objects of one type; the list of runs is outside the Go heap
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
// Linked objects are cut from the end of the window, so limit moves down. All other objects are
// cut from its beginning (linked.go draws it). If a request does not fit into what is left
// between them, this rest is lost until Reset. So an arena keeps a window of which more than an
// eighth would be lost, and cuts the request from the chunk directly.
//
// The first chunk has InitialSize bytes. Each further chunk has twice the size of the one
// before, up to MaxChunk. A request of more than a quarter of MaxChunk gets an own block,
// so tails are at most a quarter of the chunks. Blocks have no headers: an overrun damages
// other objects of the arena, or the memory after the chunk.
//
// Chunks come from the allocator of Options.Allocator. Arenas share its caches and its
// retained memory. So a program that makes, uses and frees an arena for each request makes
// no kernel calls after a while. The allocator's limit, heap profile and dump include
// chunks.
//
// # The path of an allocation
//
// New[T] is inlined with two constants: the size of T and its descriptor. It rounds the size up,
// compares it with the rest of the window, reads from the descriptor that T holds no pointers, and
// adds. If this fails, it calls alloc. NewLinked is inlined in the same way, and MakeSlice into a
// call of makeSlice.
//
//	window ─► the chunk's next 2 to 16 KiB, cleared if not fresh        core's lock
//	       ─► the next chunk                                            core's lock
//	       ─► the allocator: cache, retained region, kernel             its locks
//
// # Zeroing
//
// An arena clears memory when it cuts off a window, right before the memory is handed out,
// and only where an earlier round used it. After a round of at most 32 KiB, Reset clears what the
// round used: it is in the first cache then. The next round begins with this memory as its window.
// So a small round clears nothing that it does not use. Three alternatives were measured. To clear each object when it is
// allocated takes 1.5 times as long for 64 bytes, because the processor cannot use its long stores.
// To clear everything at Reset is as fast while it fits into the second-level cache, but also
// clears memory that the next round does not use. Windows shorter than 8 KiB or longer than 64 KiB
// cost more.
//
// # Reset
//
// Reset frees the memory of the round, and keeps chunks for the next. It keeps as many
// bytes as the largest of the recent rounds used, minus an eighth for each round since
// then. All other chunks and the own blocks go back to the allocator, which gives them back
// to the kernel after a while.
//
// A short round uses only the window that it begins with. Then Reset clears what was used, puts the
// window back and takes no lock (rewind.go).
//
// # Concurrent arenas
//
// Each processor has a lane. Package percpu gives the lane to one goroutine at a time. A
// lane takes 4 to 16 KiB at a time under the core's lock, and clears them without it. A
// goroutine can move to another processor before it installs its new window. It then
// replaces the window of that lane if the new one is larger. The smaller window is lost
// until Reset.
//
// # Linked objects
//
// A Go pointer to arena memory is a plain number to the collector: the collector neither
// follows it nor frees its target. The collector does not see Go pointers that are stored in
// an arena. NewLinked accepts types with pointers that point into the same arena. Audit
// finds pointers that do not. For this the arena keeps a list of its linked objects, with
// one entry of 8 bytes for each run of adjacent objects of one type. The program's other objects
// do not interrupt a run, because they come from the other end of the window. Two alternatives
// were rejected: a window for each type, which clears memory that small arenas do not use, and
// an entry for each object.
//
// While the collector marks, storing a pointer also passes the slot's old value to the
// collector (the write barrier). So linked memory must hold valid pointers from the start,
// and is always zeroed.
//
// # Checked arenas
//
// With Options.Checked, Reset and Free make chunks inaccessible and put them into
// quarantine. When the quarantine is full, its oldest chunks go back to the allocator. Until
// then each use of a chunk faults. alloc.Catch turns the fault into an error that names the
// arena, where it was made, and where it was freed or reset.
//
// # Files
//
// Open keeps an arena in a file. The program reaches the contents from Root by refs:
// offsets that are valid wherever the file is mapped. FORMAT.md and file_format.go describe
// the file.
//
// The memory is a private mapping of the file. When the program writes to a page, the
// kernel copies the page. Only Sync writes to the file: it asks the kernel for the copied
// pages and writes them by way of a journal (file_sync.go lists the steps). On Windows, where
// a mapping cannot be longer than its file, Open reads the data into private memory, and Sync
// compares the memory with the file (file_memory.go). File.Copy makes
// a consistent copy at the same time, with a larger capacity if requested.
//
// Compact frees the objects that no ref reaches from the root. Objects never move, because
// the program has pointers to them. So Compact frees whole pages: it follows the refs
// (file_reach.go), and commits a state in which all other pages are zero and the last ones
// are cut off. The index of the journal names the pages that become zero. They turn into
// holes after the commit. In memory they are gaps, which new objects use. Three
// alternatives were rejected: lists of free memory in the file, which every commit must keep
// right; freeing single objects, for which every program must keep count of refs; and
// moving objects into a new file, after which the program must find all its pointers again.
//
// After each kind of failure the file holds:
//
//	the process was killed        the state of the last Sync that returned nil, or of the
//	                              Sync that was running
//	the system died               the same, unless FileOptions.NoStore is set
//	bits flipped in a header      the state of the last Sync, from the other header; after a
//	                              kill or a power cut this state, or ErrDamaged
//	in the journal, the table     Open and Verify return ErrDamaged
//	in the data                   Verify, and Open with FileOptions.Verify, return
//	                              ErrDamaged; nothing else notices
//	cut, foreign, newer           Open returns ErrTruncated, ErrForeign, ErrVersion
//	cut while it is open          Sync, growth and Close return ErrTruncated
//	the disk was full             the state of the last Sync: Sync returns ErrNoSpace before
//	                              it commits
//
// The last line does not hold for file systems that take new space to overwrite old data
// (btrfs, ZFS): there a commit can fail half-way with ErrReopen. On a full disk the program
// can still write to the memory of a File. This holds on tmpfs too, because NewRef takes
// the space there. A file that was copied to tmpfs with holes needs File.Catch.
//
//	pages(Used) = pages that the last commit needs unchanged
//	table[i] = checksum of page i of the data, for each i < pages(Used)
//	both header slots are equal while no commit is running
//	the file is zero beyond the data while no commit is running
//	gaps: memory and file are zero, no ref of the last commit leads there
//	pages are overwritten only while both header slots name the journal, or a newer state
//	f.length = the length that the File gave the file ≤ its real length, or it was cut
//
// # Shared arenas
//
// With OpenShared, processes allocate from the same memory, by a compare-and-swap of a word
// in its header (shared.go draws it). There is no lock, so a process that dies cannot leave
// one locked.
//
// # Invariants
//
// The invariants of a chunk are in chunk.go. Those of an arena are:
//
//	base ≤ next ≤ limit ≤ base + used of one chunk, if there is a window
//	[next, limit) is zero, unless the arena does not zero
//	top − limit = size of the last run, a multiple of its stride, if it is not in the list yet
//	used of chunks[i] = 0 for i > current
//	Used + Free + Waste = Reserved = Σ size of chunks and own blocks ≤ Limit
//
// # Who may touch what
//
//	next, limit, run   the one goroutine that uses the arena; Stats reads next, limit and what
//	short rounds       rewind.go counts beside it
//	list of runs       the same; in a concurrent arena the core's mutex
//	lanes              the goroutine that is pinned to the processor; Reset and Free
//	memory of a File   its users; only Sync or Close while they run
//	a File otherwise   its mutex
//	a shared arena     everybody, by atomic operations on its header
//	core               its mutex; an arena that is not concurrent locks it too, except in
//	                   short rounds, since Stats reads the numbers from other goroutines
//	quarantine         its mutex, locked while a core's mutex is held
//
// An arena calls the allocator with the core's mutex held. The allocator calls the core
// (for Stats, and when it is closed) with no lock held. Functions of the program
// (OnLimit, Logger, OnDrop) are called with no lock held (obtain.go).
package arena
