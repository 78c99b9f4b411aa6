// SPDX-License-Identifier: Apache-2.0

/*
Package trace replays what a program requested from its allocator, on any allocator, and describes what kind of load it
was. alloc.Trace.Start records such a trace. The program of this module uses this package:

	go run -C benchmarks . -run '^trace/'            the traces of this directory, replayed on all peers
	go run -C benchmarks . -trace FILE               another one
	go run -C benchmarks . -trace FILE -classes 16   with the table of 16 size classes that would waste least for it

# Structures

	file ─► Load ─► Program: the steps of each goroutine, objects numbered ─► Replay, with a handle for each goroutine
	                   │
	                   └─► Survey: histograms of sizes and lifetimes ─► Demand.Fit: size classes

# Replaying

Each recorded goroutine is a goroutine. It does its own operations in their order. Before it frees or resizes an object that
another goroutine had last, it waits for that one. No goroutine gets more than 256 operations ahead of one that still has
to do its own, so about as much memory is live at a time as in the program. No other timing is kept: whoever waited for
a disk in the program does not wait in the replay.

A block is touched when it is allocated and where it grows: one byte in each page. Its first byte is read again before it
is freed or resized, and must be unchanged. Objects that are live at the end of a trace are freed then.

If a peer can zero, resize and align, the replay uses that. Otherwise it does so on top of the peer. It leaves out objects
that the trace does not know.

# Size classes

Demand.Fit finds, by dynamic programming, the k block sizes, multiples of 16 bytes, for which

	Σ lifetime · (block size − size)

over all objects below 128 KiB is least. That is the memory lost inside blocks, in the mean over the trace. Lifetimes are
counted in operations. The cost of serving a range of sizes by its largest satisfies the quadrangle inequality, so
each row of the table takes n log n steps by divide and conquer (Yao, "Speed-up in dynamic programming", 1982; Galil and
Park, "Dynamic programming with convexity, concavity and sparsity", 1992).

The result is a lower bound for this trace. No table that was made before reaches it. It says nothing about the spans from
which blocks are cut: with more classes, more of them are partly used.

# The traces here

	testdata/sqlite.trace   SQLite on ashlar: 30,000 rows inserted, read, deleted, in memory (benchmarks/sqlite)
	testdata/arrow.trace    Apache Arrow on ashlar: batches built, filtered, added, sorted and written (benchmarks/dropin)

testdata/README.md has the commands that made them.
*/
package trace
