// SPDX-License-Identifier: Apache-2.0

/*
Package peer has the allocators that the benchmarks compare, and the measured loops.

	Kind      describes a peer and opens it: its name, what it can do, the benchmarks it takes part in
	Peer      an allocator; it makes a Handle for each goroutine
	Handle    the measured loops over one allocator, and single calls
	Buffer    a buffer that grows, of a peer that has a way of its own to resize
	Ring      the live blocks of a loop of pairs
	MapMemory maps memory outside the Go heap, for peers and for notes

Each peer is one file. Its init function registers the Kind, and the benchmarks find the peer there: they
ask for the peers of a Use (For), for those with arenas (WithArenas) or with buffers (WithBuffers), or for
those that fit a workload (Kind.Fits).

# The loops

A loop that called its peer through an interface or through a type parameter would add 1 to 3 ns to each call
of every peer alike, and so flatten the ratios between them. Therefore genloops writes one copy of the
loops for each peer, loops_generated.go, from the directives in the comment of the peer's handle type:

	//loop:hoist a := h.pool       a statement before the loop; h is the handle
	//loop:malloc p := a.get(size) statements that allocate size bytes as the new variable p
	//loop:free a.put(BLOCK)       statements that free BLOCK
	//loop:dropped                 a block is freed by forgetting it: overwriting it is enough

A directive may be repeated: each occurrence is one more statement. Run go generate after a change.

To touch a block is to write its first byte and one byte in each page (4096 bytes) after that. A block that is
never touched costs its allocator and the processor's caches less than any real block does.
*/
package peer
