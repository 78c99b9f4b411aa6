// SPDX-License-Identifier: Apache-2.0

/*
Package suite has the workloads by which allocators are compared elsewhere, and those of Go services. They run over any
peer.

# Workloads

	window         pairs: immediate, and in a ring of 64 blocks; 16 B to 1 MiB
	larson         a server: random replacements, slots that a successor thread inherits
	xmalloc-test   producers and consumers; another thread frees every block
	sh6bench       rounds over sizes, a fifth of the blocks kept, freed in both orders
	sh8bench       the same with a histogram of sizes and shared blocks
	cache-thrash   objects of a byte that several threads write to: active false sharing
	cache-scratch  the same after the threads were given neighbours: passive false sharing
	alloc-test     random sizes and lifetimes, most toggles on few slots
	glibc-simple   one size at a time
	glibc-thread   random replacements, with a density of sizes by inverse square
	mstress        retained, freed and exchanged blocks, some of them huge; threads that end
	rptest         many small and few large sizes; a batch for another thread in each second loop
	malloc-large   zeroed blocks of 5 to 25 MiB
	columns        a columnar builder: append and realloc
	queue          buffers that go from goroutine to goroutine
	documents      a tree for each request, in an arena
	memtables      a skip list that is dropped as a whole, in an arena

The parameters of the first thirteen are those of mimalloc-bench (https://github.com/daanx/mimalloc-bench). Each is
written from a description of them, and its comment says where it differs. At scale 1 a run takes some
tenths of a second, so most workloads have fewer rounds than the source. Nothing else differs with the scale unless
the comment says so.

# Structure

	Workload   a pattern with its parameters; its file registers it. Run runs it over a Setup
	Team       one run: its workers, and the account of live bytes
	worker     one goroutine's handle, random numbers and tags
	Handle     what a peer must have: Malloc, Release, Close
	Arena      what a peer of documents and memtables may have instead

A handle is called through its interface, which costs about 1 ns for an allocation and its free together. Each
block is tagged, verified and accounted, which costs 7 to 9 ns more if it is on the critical path.
BenchmarkWorker measures both over a peer that does nothing. All peers pay the same. The C programs do the
same work, except for the interface. They have fewer instructions for it:
92 a block in sh6bench instead of 153, and 172 in glibc-thread instead of 215. It takes about the same time: with
the same minimal allocator in both, sh6bench takes 9 ns in Go and in C, sh8bench 22 to 25 and 21, and glibc-thread in
two threads 13 and 16. So most of mimalloc's time in sh6bench is that of the workload.

# Checks

Each block carries a tag in its first and last byte, or is written as a whole, and is verified before it is
freed. If a block has changed, Run returns a *Corruption instead of figures. The order of requests
follows from the numbers of the goroutines, not from the time, so that a program in C makes the same requests.
*/
package suite
