// SPDX-License-Identifier: Apache-2.0

// Package arrowmem gives Apache Arrow's Go library memory that the garbage
// collector does not see. Arrow's interface has no errors: a lack of memory panics with an
// *alloc.Error, as make would panic, and a mistake with an *alloc.MisuseError.
//
// An Allocator has the methods of memory.Allocator of
// github.com/apache/arrow-go/v18/arrow/memory. Pass it where one is asked for:
//
//	mem := memory.NewGoAllocator() // before
//	mem := arrowmem.New(nil)       // after
//
// Arrays, records, builders and readers that use it keep their buffers outside the Go heap.
// A buffer that is never released is never freed, so call Release as Arrow's documentation
// requires. In tests, memory.NewCheckedAllocator around this Allocator finds buffers that
// were not released.
//
// An Allocator is safe for concurrent use. Allocate and Reallocate panic with an *alloc.Error
// if there is no memory, because Arrow's interface has no error result.
//
// # A buffer
//
//	 address, a multiple of 64      len           cap                usable size
//	 ▼                              ▼             ▼                  ▼
//	┌──────────────────────────────┬─────────────┬──────────────────┐
//	│ last requested size          │ earlier size│ unspecified      │
//	└──────────────────────────────┴─────────────┴──────────────────┘
//
// Bytes that Allocate or Reallocate adds to len are zero. A buffer grows in its block if it
// has room there. The kernel moves the pages of blocks of 128 KiB and more instead of copying
// them, so building an array by appending writes it once. A buffer that becomes shorter keeps
// its block until it is released, because builders rely on that.
//
// # Misuse
//
// Freeing or growing a slice that is not a live buffer of the Allocator panics with an
// *alloc.MisuseError. Examples are a buffer that is released twice, one that was cut at its
// front, and memory of the Go heap.
//
// A program that reads a buffer after its release reads other data, or ends with a fault if
// the pages are unmapped. The Allocator does not detect such reads.
package arrowmem
