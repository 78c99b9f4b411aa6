// SPDX-License-Identifier: Apache-2.0

// Package grpcmem gives gRPC's Go library message buffers that the garbage
// collector does not see. gRPC's interface has no errors: a lack of memory panics with an
// *alloc.Error, as make would panic, and a mistake with an *alloc.MisuseError.
//
// A Pool has the methods of mem.BufferPool of google.golang.org/grpc/mem. Two lines of
// package google.golang.org/grpc/experimental make gRPC use it, before the first client
// or server:
//
//	pool := grpcmem.New(nil)
//	experimental.SetDefaultBufferPool(pool)                 // for clients and for sent messages
//	server := grpc.NewServer(experimental.BufferPool(pool)) // for messages that a server receives
//
// A server needs the second line, because gRPC reads the default for received messages when
// the program starts, before main can set it. Clients read the default when they dial. The
// option WithBufferPool gives a client a pool of its own. The codec of protocol buffers, which
// encodes sent messages, always uses the default.
//
// A Pool is safe for concurrent use.
//
// # Buffers
//
// A buffer of more than 1 KiB is a block of its own. A message of 33 KiB therefore takes
// 36 KiB, while gRPC's own pool has only a few sizes. The memory of a burst of large messages
// goes back to the kernel. gRPC counts references and puts such a buffer back when the last
// reference is gone. gRPC never puts buffers of up to 1 KiB back, so these come from the Go
// heap.
//
//	Get(n ≤ 1 KiB)  ─► Go heap
//	Get(n > 1 KiB)  ─► alloc.Allocator ─► gRPC ─► Put
//	                                           └► dropped ─► found by the collector
//	Gets of more than 1 KiB = their Puts + Lost + InUse
//
// When a stream is cancelled, gRPC drops messages that were under way without Put. When the
// collector finds that the pointer that Get returned is unreachable, the Pool frees the buffer
// and counts it as lost. A program that keeps only the slice, and drops the pointer from Get,
// accesses freed memory. gRPC keeps the pointer.
//
// # Misuse
//
// Put panics with an *alloc.MisuseError if the buffer was put back before, or has more than
// 1 KiB and is not from this Pool. A buffer may come back shorter and with less capacity: Put
// identifies it by its first byte.
//
// A program that uses a buffer after Put reads the bytes of another message, as with a pool of
// Go memory. With this Pool it can also end with a fault. The Pool does not detect such a use,
// so codecs must copy the bytes that they keep.
package grpcmem
