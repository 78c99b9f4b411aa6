// SPDX-License-Identifier: Apache-2.0

// Package memory replaces modernc.org/memory: it has the same names and the same contracts, and
// allocates from ashlar. A program that uses modernc.org/memory, directly or by way of
// modernc.org/libc and modernc.org/sqlite, needs two lines in its go.mod and no change of its
// Go code. As there, a lack of memory is an error, and a negative size panics. A mistake panics
// with an *alloc.MisuseError.
//
// # The lines to change
//
// In the go.mod of the program, with the path of your checkout (lines in the go.mod files of
// dependencies have no effect):
//
//	replace modernc.org/memory => /path/to/ashlar/alloc/adapters/modernc
//
//	replace github.com/ashlar-go/ashlar => /path/to/ashlar
//
// Then run go mod tidy. The README of this directory has the commands, and says how to check
// that they took effect.
//
// # What is the same
//
//   - The zero Allocator is ready for use.
//   - Size 0 gives nil and no error. A negative size panics. Lack of memory is an error.
//   - The capacity of a slice is the usable size of its block. The package-level functions
//     find that size by the pointer alone.
//   - Blocks are aligned to 16 bytes and have at least 16 bytes, in all modes.
//   - Trim gives unused memory back. Close gives everything back, and makes the Allocator a
//     zero value again.
//   - In builds with the tag memory.counters, the fields Allocs, Bytes and Mmaps count live
//     blocks, bytes that may occupy RAM, and mappings. Unused memory goes back to the kernel
//     in the background; Bytes and Mmaps show that after the next call.
//
// Heaps is new: it returns the heaps of all Allocators, with their statistics, profiles and
// traces.
//
// # What is different
//
//   - An Allocator is safe for concurrent use, except for Close, during which no other call
//     may run. Copies of an Allocator share its memory.
//   - Blocks have 88 sizes instead of powers of two, so the usable size is closer to the
//     requested size.
//   - Realloc gives memory back when a block shrinks. The kernel moves the pages of blocks of
//     128 KiB and more instead of copying them.
//   - Unused memory goes back to the kernel by itself after about a second.
//   - Freeing or resizing memory that is not a live block of this Allocator panics with an
//     *alloc.MisuseError that describes the block. The original corrupts its lists in this
//     case. The errors of Free and Trim are always nil.
//   - In race builds (go build -race, go test -race) the race detector does not see
//     blocks, as with the original: Options.AddressesAsNumbers of package alloc is set.
//   - It needs Linux. Elsewhere every allocation returns an error that says so.
//
// Package github.com/ashlar-go/ashlar/alloc describes how the allocator works.
package memory
