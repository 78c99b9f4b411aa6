// SPDX-License-Identifier: Apache-2.0

// Package buffer has a bytes.Buffer, a file in memory and a pool of byte slices. Their memory
// comes from package alloc, and the garbage collector does not see it. Methods that may need
// memory return an error of package alloc if there is none. Only Pool.Get panics with that
// error, as make does; TryGet returns it. Mistakes, such as a slice that is put back twice,
// panic with an *alloc.MisuseError.
//
//	Buffer  bytes that are written at the end and read from the front
//	File    bytes that are read and written anywhere: Seek, ReadAt, WriteAt
//	Pool    Get(n) and Put(b), for code that uses a pool
//
//	var b buffer.Buffer // its memory comes from alloc.Default
//	defer b.Close()
//	if _, err := b.WriteString("squared stone"); err != nil {
//		return err // no memory; b is unchanged
//	}
//
// A Pool is safe for concurrent use. A Buffer or File is for one goroutine at a time.
//
// # Caveats
//
// The memory of a Buffer or File leaks if the program drops it without Close.
//
// An access to a slice from Bytes, Next or AvailableBuffer after the next change reads or
// writes freed memory. With bytes.Buffer such a slice keeps the old memory alive.
//
// # Structure
//
// A Buffer is one block of an alloc.Allocator:
//
//	block  ┌──────────────┬──────────────────────┬──────────────┐
//	       │ read         │ unread: Bytes        │ Available    │
//	       └──────────────┴──────────────────────┴──────────────┘
//	       0              off                    len            cap
//
//	0 ≤ off ≤ len ≤ cap = usable size of the block, 0 without one
//
// When full, it discards the bytes already read if that frees half of the block; otherwise
// it doubles the block. The kernel moves the pages of blocks of 128 KiB and more, instead of
// copying them. A File is a block whose bytes are never discarded.
package buffer
