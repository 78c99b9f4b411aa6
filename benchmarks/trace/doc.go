// SPDX-License-Identifier: Apache-2.0

/*
Package trace replays what a program asked of its allocator, as alloc.Trace.Start recorded it, on any allocator, and
tells what kind of load it was. Its front is the program of this module:

	go run -C benchmarks . -run '^trace/'       the traces of this directory, replayed on all peers
	go run -C benchmarks . -trace FILE          another one
	go run -C benchmarks . -trace FILE -classes 16   with the table of 16 size classes that would waste least for it

# Structures

	file ─► Load ─► Program: the steps of each goroutine, objects numbered ─► Play, with a worker for each goroutine
	                   │
	                   └─► Survey: histograms of sizes and lifetimes ─► Fit: size classes

# Replaying

Each recorded goroutine is a goroutine. It does its own operations in their order. Where it frees or resizes what another
one had last, it waits for that; and none gets more than 256 operations ahead of one that has yet to do its own, so that
about as much is live at a time as it was. Nothing else of the time is kept: who was waiting for a disk does not.

A block is touched when it is allocated, one byte in each page, and where it grows; its first byte is read again before it
is freed or resized, and must be as it was. What is live at the end of a trace is freed then.

Zeroing, resizing and alignment are asked of the peer where it has them, and done on top of it where not. Objects that the
trace does not know are left out.

# Size classes

Fit finds, by dynamic programming, the k block sizes, multiples of 16 bytes, for which

	Σ lifetime · (block size − size)

over all objects below 128 KiB is least: that is the memory lost inside blocks, on average over the trace. Lifetimes are
counted in operations. The cost of serving a range of sizes by its largest satisfies the quadrangle inequality, so that
each row of the table takes n log n steps by divide and conquer (Yao, "Speed-up in dynamic programming", 1982; Galil and
Park, "Dynamic programming with convexity, concavity and sparsity", 1992).

It is a lower bound, for this trace alone, that no table reaches which was made before; and it says nothing of the spans
that blocks are cut from, of which more classes leave more partly used.

# The traces here

	testdata/sqlite.trace   SQLite on ashlar: 500 rows inserted, read, deleted, in memory (benchmarks/sqlite)
	testdata/arrow.trace    Apache Arrow on ashlar: batches built, filtered, added, sorted and written (benchmarks/dropin)

testdata/README.md has the commands that made them.
*/
package trace
