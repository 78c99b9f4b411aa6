// SPDX-License-Identifier: Apache-2.0

/*
Dropin measures Apache Arrow on ashlar beside Apache Arrow on its allocator of Go memory.

	go run -C benchmarks/dropin .
	go run -C benchmarks/dropin . -values 10000000 -repeats 3
	go run -C benchmarks/dropin . -trace arrow.trace   record what a computation allocates

An array of 100 million integers is built by appending them one by one, and released.
The program starts itself anew for each run, in a random order, and prints the medians of
what these report: wall time, processor time, which has all of the collector's work in
it, and peak resident memory. The trace is one for package benchmarks/trace, of batches
that are built, computed with, and written, by three goroutines that hand them on.

The tests of this module are what it is there for besides: they run Arrow, gRPC, wazero
and cockroachdb/swiss on the adapters below ashlar's package alloc, each through its own
interfaces.
*/
package main
