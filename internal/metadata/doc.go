// SPDX-License-Identifier: Apache-2.0

// Package metadata allocates the module's own structures: span descriptors, magazines,
// caches, and descriptors of large objects.
//
//	p, err := metadata.Alloc(size)      // an address; zeroed
//	...
//	metadata.Free(p, size)
//
// Alloc returns an error if the kernel refuses memory. Free does not check its arguments.
// All functions are safe for concurrent use.
//
// The structures lie apart from users' blocks, so an overrun of a block cannot reach
// them. They lie off the Go heap, so the garbage collector does not scan them.
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
// The address of an object leads to the header of its slab. The free objects of a slab are
// linked through their first word. That is safe here, because only this package and its
// callers write to these objects.
//
//	colour + carved·size ≤ 64 KiB, live ≤ carved    for each slab
//	a slab with 0 < live is on its class's list iff it has room
//	a slab with live = 0 is on the idle list, to be any class's next slab
//	in use    = Σ live·size
//	footprint = tables + 64 KiB · (slabs with live > 0 or dirty) + mapped objects, live or dirty + page map
//
// Objects of more than 60 KiB have mappings of their own.
//
// The page map (internal/pagemap) keeps its leaves in the same account.
//
// # What a reader may rely on
//
// This memory is never unmapped, only purged or reused. A layer above that follows a stale
// address may therefore read a descriptor that is no longer one, but it never faults. A
// purged descriptor reads as zeros, and no live descriptor is all zeros.
//
// One mutex guards everything. That is enough, because callers come here once for a span or
// a magazine, and not for a block.
package metadata
