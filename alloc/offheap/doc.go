// SPDX-License-Identifier: Apache-2.0

// Package offheap contains data structures whose memory the garbage collector never sees. They
// are for services that keep millions of entries.
//
//	Map         a hash map of values without pointers, for one goroutine
//	ShardedMap  the same for any number of goroutines
//	Cache       bytes by key, up to a budget, with times to live; for any number of goroutines
//	Slots       values that 8-byte handles name, for one goroutine; a stale handle is recognised
//	Interner    one copy of each distinct string, with a count of its users
//
// Do not use this package for data that fits the Go heap: Go's map is safer, and needs no Close.
//
// Every structure takes its memory from an alloc.Allocator, and Close gives it back. Statistics,
// metrics and the live page show the memory of each structure under its name (alloc.Tag). The
// Allocator must not be closed before the structure: later calls fault or panic.
//
// Errors are those of Malloc. Misuse panics with an *alloc.MisuseError: a use after Close, and two
// calls that change a structure for one goroutine at once. A pointer that a structure returned
// is invalid after the change that its method names. No build detects such a use, except that
// checked and guarded Allocators (package alloc) detect some.
//
// # Map
//
// A Map is a Swiss table (Abseil) that grows by extendible hashing (Fagin et al., 1979), as Go's
// map does. A directory leads to tables of at most 1,024 slots, or about 64 KiB. A table that is
// full is split: a new table gets half of its entries. So the longest insertion moves half a table,
// however large the Map is.
//
//	hash   63 … 57   56 … 48          47 … 41          depth−1 … 0
//	       tag       shard            group            entry of the directory
//
//	directory ┌───┬───┬───┬───┐      table ┌──────┬─────────┬─────────┬───┐
//	          │   │   │   │   │  ───────►  │ head │ group 0 │ group 1 │ … │
//	          └───┴───┴───┴───┘            └──────┴─────────┴─────────┴───┘
//	          2^depth addresses            group  ┌─────────┬────────┬───┬────────┐
//	                                              │ control │ slot 0 │ … │ slot 7 │
//	                                              └─────────┴────────┴───┴────────┘
//
// A control word has a byte for each slot: the tag of a full slot, empty, or deleted. A search
// compares eight tags with a few instructions on one word, without vector instructions. It
// begins at the group that the hash selects and goes on, with growing steps, to the first group with
// an empty slot. A slot is a key and a value. Values above 128 bytes have a block of their own.
//
//	table.depth ≤ depth;  the table at entry i is that of entry i + k·2^table.depth, for all k
//	full slots = used;  used + deleted + left = capacity = 7/8 of the slots
//	depth > 0 ⇒ all tables have as many groups as a large table
//	Σ used = Len
//
// A deleted slot becomes empty at once if its group has another empty slot. Otherwise it stays
// deleted until its table is full. Then all its deleted slots become empty, and the table is split
// if few of them were deleted.
//
// The directory doubles in place. Its new half is copied by the next insertions, 64 entries each;
// an entry that is 0 stands for the one in the old half. So no insertion copies a long directory.
//
// A table is 44 to 88 % full, and all tables of a Map are about equally full, because hashes are
// spread evenly. An entry of 8 + 16 bytes takes 29 to 58 bytes.
//
// An iteration goes through the tables in the order of their reversed hash bits, so a split does
// not move a table across the cursor. Before a table is split while an iteration is in it, a copy
// takes its place. The table itself stays until the iteration leaves it.
//
// # Cache
//
// A Cache is divided into shards by the hash of the key. Each has a lock, an index, and two queues
// of segments. A segment is a block of 4 to 64 KiB with entries one after the other. An
// entry that is larger has a segment of its own.
//
//	index   ┌──────────────────┬─────┬───┐       segment ┌───────┬───────┬──────┬──────┐
//	        │ hash │ position  │  0  │ … │  ──────────►  │ entry │ entry │ dead │ room │
//	        └──────────────────┴─────┴───┘               └───────┴───────┴──────┴──────┘
//	         32 bits each                        entry   ┌─────────┬─────────┬───────┬─────┬───────┐
//	                                                     │ expires │ lengths │ state │ key │ value │
//	                                                     └─────────┴─────────┴───────┴─────┴───────┘
//	                                                      12 bytes
//
//	held = index + ghosts + Σ segments ≤ limit, except after the index has grown
//	live entries = index.used;  for each queue: bytes = Σ end, dead = Σ dead of its segments
//	there is a spare segment for reclaim, from the first Set on
//
// Set appends an entry to a queue: in the first of the last four segments that has room, so that the room which a
// large entry leaves goes to small ones. Replacing writes in place if the new entry takes the bytes of the old one,
// or up to a sixteenth less; the difference is slack. When the limit is reached, reclaim empties a segment: the oldest
// of a queue, or one of 128 with the most dead bytes if more than a tenth of all are dead. What it moves loses its
// slack and is appended, before a further segment is taken. Nothing is allocated or freed for an entry, and an entry
// costs 12 bytes and its share of the index and the ghosts: about 14 more.
//
// Eviction is S3-FIFO (Yang et al., SOSP 2023) with one change. New entries go to the probation
// queue, a hundredth of the bytes. Those that are used twice there move to main; the others
// leave a ghost, 16 bits of their hash. In main an entry gets another round for each use, up to 3.
// A key that comes back while its ghost is there competes with an entry of main: if that one
// has no uses left, the key goes to main at once, and otherwise that one loses a use.
//
// These are shares of hits in percent, with a budget for a tenth of 400,000 keys (benchmarks/offheap,
// -run hits -n 4000000):
//
//	                              Zipf   scan   loop   mixed
//	FIFO rings (freecache)        72.7   50.6    1.0    43.5
//	S3-FIFO as published          78.9   58.3   51.2    48.9
//	the same with competition     78.8   58.1   68.2    53.3
//	this, probation of 1/100      79.8   58.3   77.3    57.3
//	W-TinyLFU (otter)             79.6   58.2   75.9    55.3
//
// W-TinyLFU would cost each read a write to a sketch of frequencies. This costs a read a write
// to the entry that it reads anyway, and only to its first three.
//
// An entry that has expired is removed when it is read, or when its segment is reclaimed.
//
// # Why readers take a lock
//
// Readers must not see memory that a writer reclaims. They are counted in the lock of a shard
// meanwhile, so they never wait for each other, and a writer waits for a few copies. The lock has a
// stripe for each processor, so that readers do not share a cache line. A writer takes a mutex and
// looks at the stripes, so more stripes cost it little. View needs such
// a lock in any case: it passes memory to the caller. The alternatives are worse here. A sequence
// lock would let readers copy bytes that are being overwritten: a data race in Go's memory model. Epochs
// would have to keep what was reclaimed until the slowest reader has left, beyond the
// budget. A count of users in each entry would write to it at each read. The lock costs two atomic
// additions. A read of ten million entries spends more time on misses of the processor's caches.
//
// # Slots
//
// Slots are chunks of 64 to 1,024 slots. A chunk has a bit for each slot, which is set while the slot
// is taken, a generation for each slot, and the values.
//
//	Handle   63 … 32      31 … 0         chunk ┌──────┬──────┬─────────────┬────────┐
//	         generation   index                │ head │ bits │ generations │ values │
//	                                           └──────┴──────┴─────────────┴────────┘
//
//	generation odd ⇔ the slot has a value;  a Handle is live ⇔ its generation is the slot's
//
// Add and Remove each add 1 to the generation. A slot whose generations are all used after
// 2³¹ values stays taken for ever, so no Handle is ever valid twice. An iteration goes through the
// bits, 64 slots at a time.
//
// # Interner
//
// An Interner is Slots of strings with their hashes and counts, and an index as that of a
// Cache. A Text is a Handle, so the use of a string after its last Release panics, always.
package offheap
