// SPDX-License-Identifier: Apache-2.0

// Package buffer is bytes.Buffer, a file in memory and a pool of byte slices, in memory
// that the garbage collector does not see. Every method that may need memory returns an
// error if there is none, except Pool.Get, which panics with it, as make does; TryGet
// returns it. Mistakes, such as a slice that is put back twice, panic with an
// *alloc.MisuseError.
//
//	Buffer  bytes that are written at the end and read from the front
//	File    bytes that are read and written anywhere: Seek, ReadAt, WriteAt
//	Pool    Get(n) and Put(b), for code that is written for a pool
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
// When full, it discards the bytes already read if that frees half of the block;
// otherwise it doubles the block. The kernel moves the pages of blocks of 128 KiB and
// more, instead of copying them. A File is such a block of which nothing is discarded.
//
// # Memory
//
// A Buffer or File that is dropped without Close keeps its block for ever, as any block. Slices
// of Bytes and AvailableBuffer must not be used after the next change: where with
// bytes.Buffer they keep old memory alive, they lead to freed memory here.
package buffer
