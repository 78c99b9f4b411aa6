// Package stats holds the numbers of an allocator: what is counted, once, and
// how it is shown.
//
// A Snapshot is filled by Allocator.Stats. It is a value: keep it, compare it
// with a later one by Sub, print it by WriteTo.
//
// # What adds up
//
// Every byte of address space that an allocator holds is in exactly one field of
// Memory, so
//
//	Σ fields of Memory          = Mapped.Now + Metadata.Mapped
//	Σ fields that may be dirty  = Footprint.Now + Metadata.Footprint
//
// and for each size class
//
//	Blocks = Live + Cached + InDepot + Idle        blocks of its spans
//	Live   = Allocs − Frees
//
// The first lines of Memory are the program's doing, the others what it costs:
//
//	requested + slack      blocks that are the program's; slack is what rounding to
//	                       size classes and pages added: internal fragmentation
//	cached, depot, idle    free blocks: ready in caches, in the depots' magazines,
//	                       left in spans that have live blocks: external fragmentation
//	dirty                  free pages and regions that still occupy RAM
//	clean                  address space only: purged, or never used
//	metadata               descriptors, magazines, caches, page map; of the whole
//	                       process, for its allocators share them
//
// Sizes below and at 1 KiB are requested exactly as asked; above, what was asked
// is known to 1/1024 of the block (package sizeclass, fit codes).
//
// # Consistency
//
// Numbers are read while the program goes on allocating; nobody is stopped. Each
// is right at some moment, but not all at the same one: under load the sums above
// may be off by the blocks that were on the move. Without load they are exact.
package stats
