// SPDX-License-Identifier: Apache-2.0

// Package store keeps the values of the cache, in two forms: on the Go heap, in the usual way, and
// on ashlar.
//
//	Store    what the server needs of either form
//	heap     maps of strings to slices of bytes
//	offHeap  a Cache of package alloc/offheap
//
// A heap divides the keys into shards by their hash, with a lock for each. To make room, it takes some
// entries at random and evicts the one that expires first (Redis's volatile-ttl). The Cache has shards
// of its own, and evicts the entries that are used least.
//
//	Σ len(key) + len(value) of a shard's entries = used ≤ limit
//
// In both forms an expired entry is found when it is requested, or when room is made. The bound of a heap
// is that of its keys and values. That of an offHeap includes its index and the heads of entries, so
// it holds somewhat less.
//
// An offHeap copies a value while a lock of the Cache is held, because it may be overwritten right after.
// A heap copies a value only to send it.
package store
