// SPDX-License-Identifier: Apache-2.0

/*
Package suite has the workloads by which allocators are compared elsewhere, and those of Go services, over any peer.

# Workloads

	window         pairs: immediate, and in a ring of 64 blocks; 16 B to 1 MiB
	larson         a server: random replacements, slots that a successor thread inherits
	xmalloc-test   producers and consumers, every free remote
	sh6bench       rounds over sizes, a fifth of the blocks kept, freed in both orders
	sh8bench       the same with a histogram of sizes and shared blocks
	cache-thrash   objects of a byte, written to by several threads: active false sharing
	cache-scratch  the same after the threads were given neighbours: passive false sharing
	alloc-test     random sizes and lifetimes, most toggles on few slots
	glibc-simple   one size at a time
	glibc-thread   random replacements with sizes by inverse square
	mstress        retained, freed and exchanged blocks, some of them huge; threads that end
	rptest         sizes that fall off, a batch for another thread in each second loop
	malloc-large   zeroed blocks of 5 to 25 MiB
	columns        a columnar builder: append and realloc
	queue          buffers that go from goroutine to goroutine
	documents      a tree for each request, in an arena
	memtables      a skip list that is dropped as a whole, in an arena

The parameters of the first are those of mimalloc-bench (https://github.com/daanx/mimalloc-bench); each is
written from a description of them, and its comment says where it differs. At scale 1 a play takes some
tenths of a second, so most have fewer rounds than the source; nothing else differs with the scale unless
the comment says so. Growth by doubling, ten million live blocks, and a cache server measured at its clients
are other rows and programs of this module.

# Structure

	Workload   a pattern with its parameters; Play runs it over a Setup
	Team       one play: its workers, and the books of live bytes
	worker       one goroutine's handle, random numbers and tags
	Handle     what a peer must have: Malloc, Release, Close
	Arena     what a peer of documents and memtables may have instead

A handle is called through its interface, which costs about 1 ns for an allocation and its free together,
and each block is tagged, verified and booked, which costs 7 to 9 ns more where it is on the critical path:
BenchmarkWorker measures both over a peer that does nothing. All peers pay the same, and the C programs do the
same work but for the interface.

# Checks

Each block carries a tag in its first and last byte, or is written as a whole, and is verified before it is
freed. Where a block was not what it was, Play gives a *Corruption instead of figures. The order of requests
follows from the numbers of the goroutines, not from the time, so that a program in C makes the same ones.
*/
package suite
