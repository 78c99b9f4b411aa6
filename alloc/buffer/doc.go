// SPDX-License-Identifier: Apache-2.0

// Package buffer is bytes.Buffer and a pool of byte slices in memory that the garbage
// collector does not see.
//
//	Buffer  bytes that are written at the end and read from the front
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
// When there is no room it makes what is unread the whole, if that leaves half of it
// free, and else doubles the block. From 128 KiB on the kernel then moves pages instead
// of bytes being copied.
//
// # Memory
//
// A Buffer that is dropped without Close keeps its block for ever, as any block. Slices
// of Bytes and AvailableBuffer must not be used after the next change of the Buffer:
// where with bytes.Buffer they keep old memory alive, they lead to freed memory here.
// Lack of memory is an error of every method that may grow.
package buffer
