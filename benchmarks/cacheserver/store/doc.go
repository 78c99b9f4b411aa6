// SPDX-License-Identifier: Apache-2.0

// Package store keeps the values of the cache, in two forms: on the Go heap, in the usual way, and
// on ashlar.
//
//	Store    what the server needs of either form
//	heap     maps of strings to slices of bytes
//	offHeap  blocks of an alloc.Allocator, found by tables without Go pointers
//
// Both forms divide the keys into shards by their hash, with a lock for each. They have the same
// bound, and make room in the same way: they take some entries at random and evict the one that
// expires first (Redis's volatile-ttl). An expired entry is found when it is requested, and is
// the first to be evicted.
//
// An entry of offHeap is one block, and a slot of 16 bytes in the table of its shard:
//
//	table  ┌──────┬─────┬──────┬─────┬───┐     block  ┌─────────┬─────┬───────┬─────┬───────┐
//	       │ hash │ ref │ hash │ ref │ … │  ref ───►  │ expires │ key │ value │ key │ value │
//	       └──────┴─────┴──────┴─────┴───┘            └─────────┴─────┴───────┴─────┴───────┘
//	                                                    8         4     4       lengths above
//
// The table uses open addressing with linear probing (Knuth, The Art of Computer Programming 3,
// 6.4): a key is in the first slot with this key at or after hash mod the table's size, and there is
// no empty slot between the two. Removal moves later slots back (Algorithm R).
//
//	Σ len(key) + len(value) of a shard's entries = used ≤ limit
//	entries ≤ 3/4 of the table's slots
//
// The lock of a shard guards its table and all its blocks. A value is copied while the lock is held,
// because it may be freed right after. The form on the Go heap copies a value only to send it.
package store
