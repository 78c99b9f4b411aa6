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
//	experimental.SetDefaultBufferPool(pool)                 // clients, and all that is sent
//	server := grpc.NewServer(experimental.BufferPool(pool)) // all that a server receives
//
// A server needs the second line: gRPC takes the default for what servers receive when
// the program starts, before main can set it. Clients take the default when they dial;
// the option WithBufferPool gives one a pool of its own. The codec of protocol buffers,
// which makes what is sent, always uses the default.
//
// # Buffers
//
// A buffer of more than 1 KiB is a block of its own, so that a message of 33 KiB
// takes 36 KiB and not the next of a few sizes, and what a burst of large messages
// took goes back to the kernel when it is over. gRPC counts references and puts such
// buffers back when the last is gone. Buffers up to 1 KiB are never put back: they
// come from the Go heap.
//
//	Get(n ≤ 1 KiB)  ─► Go heap
//	Get(n > 1 KiB)  ─► alloc.Allocator ─► gRPC ─► Put
//	                                           └► forgotten ─► found by the collector
//	Gets of more than 1 KiB = their Puts + Lost + InUse
//
// When a stream is cancelled, gRPC forgets messages that were under way. With a pool
// of Go memory the collector takes these buffers; here it finds the pointer that Get
// returned unreachable, and the buffer is freed and counted as lost. So that pointer
// must be kept for as long as the buffer is used, as gRPC does.
//
// # Misuse
//
// Putting a buffer back twice, or one of more than 1 KiB that is not from this Pool,
// panics with an *alloc.MisuseError. A buffer may come back shorter than it was, and
// with less capacity: its first byte is what counts. A buffer that is used after it was put back is
// not caught. With a pool of Go memory such a program reads another message's bytes;
// with this one it may also fault, which ends it: codecs must copy what they keep.
package grpcmem
