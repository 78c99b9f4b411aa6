// SPDX-License-Identifier: Apache-2.0

// Package load is a client that loads the cache and measures it.
//
//	Load      what is asked for: a rate, a mix, a keyspace, or the most there can be
//	Source    draws the operations of one connection
//	client    a connection: one goroutine sends, one receives
//	Result    what came of it: counts, and a histogram of latencies
//
// # Open loop
//
// With a rate, each operation has a time at which it is due, fixed beforehand, whatever
// became of those before it. It is sent then, or as soon as it can be, and its latency
// counts from the time at which it was due to the answer: a server that pauses delays all
// operations that fall due meanwhile, and all of them count (what measuring from the time
// of sending leaves out is Gil Tene's "coordinated omission"). Without a rate each
// connection keeps a window of operations on their way, and their number in time counts.
//
// # Contents
//
// A value says which key it is of and how long it is, and the rest follows from the key:
// every value that comes back is checked.
package load
