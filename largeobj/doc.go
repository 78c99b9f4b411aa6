// SPDX-License-Identifier: Apache-2.0

// Package largeobj has the options of an allocator's heap of large objects, and tells what
// that heap does. A large object is a block of 128 KiB and more.
//
//	a, err := alloc.NewAllocator(alloc.Options{
//		Large: largeobj.Options{RetainBytes: 1 << 30},
//	})
//
// # What happens to a large object
//
//   - It is a mapping of its own: whole pages of the kernel, in which the 64 bytes in front
//     of the object are its header. It is aligned to 64 bytes at least.
//   - When it is resized, the kernel moves its pages; nothing is copied. An object with an
//     alignment beyond the page, or one in a shared mapping, is copied.
//   - When it is freed, its memory is retained for the next object of about that length,
//     which then needs no call to the kernel and causes no page faults. Policy and
//     RetainBytes say how much memory is retained.
//   - Memory that nobody needs for a while is purged, which gives its RAM back, and later
//     unmapped, which gives its addresses back. Allocator.Trim does that at once.
//   - The kernel bounds the number of mappings of a process. From half of that bound on,
//     objects share larger mappings: see MaxMappings.
//   - Free, Realloc and UsableSize compare the header with a copy that the program cannot
//     overwrite by mistake. If they differ, the call panics with a report of what was
//     overwritten.
//
// # Numbers
//
// Allocator.Stats reports them: stats.Snapshot.Large has the numbers of objects,
// stats.Snapshot.Memory the bytes: LargeRequested and LargeSlack in live objects, LargeDirty
// and LargeClean in retained memory.
//
// # Why the heap is not here
//
// Only package alloc can call the heap, which takes its memory from internal packages. So
// its mechanics, layout and invariants are in internal/largeheap, and this package has what
// a program sets. Programs that want mappings of their own use package largeobj/mmap.
package largeobj
