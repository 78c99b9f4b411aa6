// SPDX-License-Identifier: Apache-2.0

// Package memory is modernc.org/memory on top of ashlar: the same names, the same
// contracts, another allocator below. A program that uses modernc.org/memory, or
// modernc.org/libc and with it modernc.org/sqlite, runs on ashlar when its go.mod
// says so; not a line of Go changes. As there, a lack of memory is an error, and a negative
// size panics. A mistake panics with an *alloc.MisuseError.
//
// # The lines to change
//
// In the go.mod of the program (those of its dependencies have no effect), with
// the path of your checkout:
//
//	replace modernc.org/memory => /path/to/ashlar/alloc/adapters/modernc
//
//	replace github.com/ashlar-go/ashlar => /path/to/ashlar
//
// then go mod tidy. The README of this directory has the commands, and says how to
// see that they took effect.
//
// # What is the same
//
// The zero Allocator is ready for use. Size 0 gives nil and no error, a negative
// size panics, a size that cannot be had is an error. The capacity of a slice is
// the usable size of its block, and the package-level functions know that size
// from the pointer alone. Blocks are aligned to 16 bytes and have at least 16, guarded
// ones, too. Trim gives back what is unused, and Close everything, after which the
// Allocator is a zero value again.
//
// The fields Allocs, Bytes and Mmaps move in builds with the tag memory.counters
// only: live blocks, bytes that may occupy RAM, and mappings. What ages goes back
// to the kernel in the background; Bytes and Mmaps show that from the next call on.
//
// Heaps is in addition: the allocators below, for their numbers, profiles and traces.
//
// # What is different
//
//   - An Allocator is safe for concurrent use (all but Close, which must be alone),
//     and so are copies of one: they share its memory.
//   - Blocks come in 88 size classes, not in powers of two: the usable size is closer
//     to what was asked for.
//   - Realloc gives memory back when a block shrinks, and has the kernel move the
//     pages of blocks of 128 KiB and more instead of copying them.
//   - Unused memory goes back by itself after about a second.
//   - Misuse is caught: freeing or resizing what is no live block of this Allocator
//     panics with an *alloc.MisuseError that tells the whole story, where the
//     original corrupts its lists. The error results of Free and Trim are always nil.
//   - In race builds (go build -race, go test -race) the race detector does not see
//     blocks, as with the original: Options.AddressesAsNumbers of package alloc is set.
//   - Linux is needed; elsewhere every allocation returns an error that says so.
//
// Package github.com/ashlar-go/ashlar/alloc says how it works.
package memory
