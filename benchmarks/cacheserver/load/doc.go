// SPDX-License-Identifier: Apache-2.0

// Package load is a client that loads the cache and measures it.
//
//	Load      the operations to send: a rate, a mix, a keyspace; or as many as possible
//	Source    draws the operations of one connection
//	client    a connection: one goroutine sends, one receives
//	Result    what was measured: counts, and a histogram of latencies
//
// # Open loop
//
// With a rate, each operation has a time at which it is due. This time is fixed beforehand,
// whatever happens to the operations before it. The operation is sent then, or as soon as
// possible. Its latency counts from the time at which it was due to the answer. So a server
// that pauses delays all operations that are due meanwhile, and all of them count. Measuring
// from the time of sending would leave them out; Gil Tene calls that "coordinated omission".
// Without a rate each connection keeps a window of operations without an answer, and counts
// how many operations it does.
//
// # Contents
//
// A value says which key it belongs to and how long it is, and its other bytes follow from the
// key. Every value that comes back is checked.
package load
