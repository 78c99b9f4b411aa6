// SPDX-License-Identifier: Apache-2.0

/*
Dropin measures Apache Arrow on ashlar beside Apache Arrow on its allocator of Go memory.

	go run -C benchmarks/dropin .
	go run -C benchmarks/dropin . -values 10000000 -repeats 3
	go run -C benchmarks/dropin . -trace arrow.trace   record what a computation allocates

A run builds an array of 100 million integers by appending them one by one, and releases it.
The program starts itself again for each run, in a random order, and prints the medians of
all runs with their spread: wall time, processor time, which includes all of the
collector's work, and peak resident memory. The trace, which package benchmarks/trace
replays, is of batches that three goroutines build, compute with and write.

The tests of this module run Arrow, gRPC, wazero and cockroachdb/swiss on the adapters of
ashlar, each through its own interfaces.
*/
package main
