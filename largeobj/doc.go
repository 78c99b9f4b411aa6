// SPDX-License-Identifier: Apache-2.0

// Package largeobj has the options of an allocator's heap of large objects, and describes
// what that heap does. A large object is a block of 128 KiB or more.
//
//	a, err := alloc.NewAllocator(alloc.Options{
//		Large: largeobj.Options{RetainBytes: 1 << 30},
//	})
//
// # What happens to a large object
//
//   - It has a mapping of its own: whole pages of the kernel. The 64 bytes in front of the
//     object are its header. The object is aligned to at least 64 bytes.
//   - When it is resized, the kernel moves its pages. A growing object is copied instead if
//     freed memory is retained that suits it: copying to it costs less than the page faults
//     in new memory. An object with an alignment beyond the page, or one in a shared mapping,
//     is copied too.
//   - When it is freed, the heap retains its memory for the next object of about that
//     length. That object then needs no call to the kernel and causes no page faults.
//     Policy and RetainBytes say how much memory is retained; by default, what the program
//     recently used at most, but not more than 256 MiB.
//   - On Linux, new pages of an object are brought into RAM at once if the program filled its last
//     objects of such a length, from 1 to 32 MiB. Otherwise each page comes with its first use.
//   - Retained memory that no object uses for a while is purged, which gives its RAM back.
//     Later it is unmapped, which gives its addresses back. Allocator.Trim does both at
//     once.
//   - The kernel limits the number of mappings of a process. When half of them are in use,
//     new objects share larger mappings: see MaxMappings.
//   - Free, Realloc and UsableSize compare the header with a copy that the program cannot
//     overwrite by mistake. If they differ, the call panics with a report of what was
//     overwritten.
//
// # Numbers
//
// Allocator.Stats reports them. stats.Snapshot.Large has the numbers of objects.
// stats.Snapshot.Memory has the bytes: LargeRequested and LargeSlack in live objects,
// LargeDirty and LargeClean in retained memory.
//
// # Why the heap is not here
//
// Only package alloc calls the heap. Its mechanics, layout and invariants are in
// internal/largeheap; this package has the options that a program sets. To make a mapping
// of your own, use package largeobj/mmap.
package largeobj
