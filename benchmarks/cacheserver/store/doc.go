// SPDX-License-Identifier: Apache-2.0

// Package store keeps the values of the cache: on the Go heap, as one writes it there, and
// on ashlar.
//
//	Store    what the server asks of either
//	heap     maps of strings to slices of bytes
//	offHeap  blocks of an alloc.Allocator, found by tables without Go pointers
//
// Both cut the keys into shards by their hash, have a lock for each, the same bound, and
// the same way to make room: of some entries taken at random, the one goes that expires
// first (Redis's volatile-ttl). What has expired is found when it is asked for, and is the
// first to go.
//
// An entry of offHeap is one block, and a slot of its shard's table, of 16 bytes:
//
//	table  ┌──────┬─────┬──────┬─────┬───┐     block  ┌─────────┬─────┬───────┬─────┬───────┐
//	       │ hash │ ref │ hash │ ref │ … │  ref ───►  │ expires │ key │ value │ key │ value │
//	       └──────┴─────┴──────┴─────┴───┘            └─────────┴─────┴───────┴─────┴───────┘
//	                                                    8         4     4       lengths above
//
// The table is addressed openly, with linear probing (Knuth, The Art of Computer
// Programming 3, 6.4): a key is in the first slot at or behind hash mod its size that has
// it, and there is no empty slot between. Removal moves later slots back (Algorithm R).
//
//	Σ len(key) + len(value) of a shard's entries = used ≤ limit
//	entries ≤ 3/4 of the table's slots
//
// A shard's lock guards its table and all its blocks. A value is copied under it, for it
// may be freed right after; the Go heap's form needs to copy it only to send it.
package store
