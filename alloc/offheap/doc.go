// SPDX-License-Identifier: Apache-2.0

// Package offheap contains data structures whose memory the garbage collector never sees. They
// are for services that keep millions of entries.
//
//	Map         a hash map of values without pointers, for one goroutine
//	ShardedMap  the same for any number of goroutines
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
// full is split in two. So the longest insertion moves one table, however large the Map is.
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
// deleted until its table is rebuilt: a full table with many deleted slots is not split.
//
// The directory doubles in place. Its new half is copied by the next insertions, 64 entries each;
// an entry that is 0 stands for the one in the old half. So no insertion copies a long directory.
//
// A table is 44 to 88 % full, and all tables of a Map are about equally full, because hashes are
// spread evenly. An entry of 8 + 16 bytes takes 29 to 58 bytes.
//
// An iteration goes through the tables in the order of their reversed hash bits, so a split does
// not move a table across the cursor. A table that is replaced while an iteration is in it stays
// until the iteration leaves it.
package offheap
