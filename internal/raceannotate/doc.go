// SPDX-License-Identifier: Apache-2.0

// Package raceannotate tells the race detector when a block changes its owner. It
// does so in race builds (go build -race). In other builds Enabled is the constant
// false, and the calls compile to nothing.
//
//	raceannotate.Release(addr)   // in Free: the owner's accesses are over
//	raceannotate.Acquire(addr)   // in Malloc: the next owner's accesses begin
//
// No function returns an error or panics. All are safe for concurrent use.
//
// The detector follows addresses of the Go heap only. In race builds package vm
// therefore takes the memory for blocks from the Go heap, and the detector reports a
// program's races on its blocks like those on any Go object. Metadata, files and shared
// memory lie outside the Go heap, and the detector does not see them.
//
// # Which events need an annotation
//
// Caches pass blocks between goroutines without a lock and without an atomic
// operation: a goroutine that runs on a processor owns that processor's cache. The
// detector does not know this rule. Without annotations it would report a race between
// the last access of the former owner and the first access of the next one. The
// block's address is the token that orders the two:
//
//	Free, put into a cache     Release(block)   the former owner's accesses are over
//	Malloc, take from a cache  Acquire(block)   the next owner's accesses begin
//
// When pages change their layout (a new span, extent or mapping), blocks begin at other
// addresses, so the token of a single block does not suffice. A second token stands for
// all blocks:
//
//	Free, put into a cache        Release(block) also releases the token of all blocks
//	a new span, extent, mapping   Reshape() acquires the token of all blocks
//	carving a block from a span   Release(block), by the goroutine that carves it
//
// Both tokens order no more than the allocator itself does: a free happens before the
// allocation that reuses the memory. Two goroutines that only allocate and free are not
// ordered by them, so the annotations hide no race between the two.
package raceannotate
