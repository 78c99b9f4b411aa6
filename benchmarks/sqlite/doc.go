// SPDX-License-Identifier: Apache-2.0

/*
Sqlite measures modernc.org/sqlite on ashlar beside modernc.org/sqlite on its own
allocator, modernc.org/memory.

	go run -C benchmarks/sqlite .                   a million rows, in memory and in a file
	go run -C benchmarks/sqlite . -rows 100000 -repeats 3
	go run -C benchmarks/sqlite . -rows 500 -trace sqlite.trace   record what SQLite allocates

The go.mod of this module has the two lines that put ashlar below SQLite. peer.mod is the
same without the first of them. The program builds itself once with each, and runs the two
programs in turn, each time in a new process and in a random order. It prints the medians
of all runs with their spread: seconds of each part of the workload, processor time, and
peak resident memory.

The workload fills a table of keys and blobs through a prepared statement in
transactions of 10,000 rows, with an index on the key; reads rows by the index, one by
one and in ranges; deletes a third of them in transactions; and vacuums.

Package benchmarks/trace replays the trace.
*/
package main
