// SPDX-License-Identifier: Apache-2.0

// Package metadata supplies the small structures by which the layers above keep
// track of memory: span descriptors, magazines, caches, large-object
// descriptors. They live apart from the memory they describe and off the Go
// heap, so no overrun of a user's block reaches them and the collector never
// scans them.
//
// # Structures
//
//	chunk   16 MiB mapping (4 MiB on 32-bit), aligned to its size, cut into slabs
//	slab    64 KiB of objects of one size class
//	table   the chunk's first slab: one slabHeader for each slab of the chunk
//
//	 chunk base
//	 ▼
//	┌───────────┬────────────┬────────────┬─────
//	│ table     │ slab 1     │ slab 2     │ …
//	│ header[i] │  obj obj … │   obj obj …│      each begins with an unused colour
//	└───────────┴────────────┴────────────┴─────
//
// An object's slab header is found from its address alone. Free objects of a
// slab are linked through their first word: unlike users' blocks, nobody but
// this package writes them.
//
//	colour + carved·size ≤ 64 KiB, live ≤ carved    for each slab
//	a slab with 0 < live is on its class's list iff it has room
//	a slab with live = 0 is on the idle list, to be any class's next slab
//	in use    = Σ live·size
//	footprint = tables + 64 KiB · (slabs with live > 0 or dirty) + page map
//
// The page map (internal/pagemap) keeps its leaves in the same account.
//
// # What a reader may rely on
//
// Memory from here is never unmapped, only purged or reused. A stale pointer can
// therefore make a layer above read a descriptor that is no longer one, but
// never fault; purged descriptors read as zeros, which no live one is.
//
// One mutex guards everything: the callers come here once for a span or a
// magazine, not for a block.
package metadata
