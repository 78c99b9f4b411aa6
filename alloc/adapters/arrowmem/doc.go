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
// Arrays, records, builders and readers that were given it then keep their buffers
// outside the Go heap. They must be released, as Arrow's documentation asks for
// anyway: what is never released is never freed. memory.NewCheckedAllocator around
// this one finds what was forgotten in tests.
//
// # A buffer
//
//	 address, a multiple of 64      len           cap                usable size
//	 ▼                              ▼             ▼                  ▼
//	┌──────────────────────────────┬─────────────┬──────────────────┐
//	│ what was requested last      │ and before  │ unspecified      │
//	└──────────────────────────────┴─────────────┴──────────────────┘
//
// Bytes that Allocate or Reallocate adds to len are zero. Growth stays in the block
// where it fits. The kernel moves the pages of blocks of 128 KiB and more instead of
// copying them: an array that is built by appending is written once. A buffer that
// becomes shorter keeps its block until it is released: builders rely on that.
//
// # Misuse
//
// Freeing or growing what is no live buffer of the Allocator (released twice, cut
// at its front, of the Go heap) panics with an *alloc.MisuseError. A buffer that is
// read after its release is not caught: it may hold anything, or its pages may be
// gone, which is a fault that ends the program.
package arrowmem
