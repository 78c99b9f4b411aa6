// SPDX-License-Identifier: Apache-2.0

// Offheap measures package alloc/offheap beside other maps and caches. Each contender runs in a
// process of its own, so that the collector sees one at a time.
//
//	go run -C benchmarks/offheap . -run hits                    hit ratios of the caches, four traces
//	go run -C benchmarks/offheap . -run caches                  throughput and memory of the caches
//	go run -C benchmarks/offheap . -run maps                    the same of the maps
//	go run -C benchmarks/offheap . -run pauses                  a reader beside a growing map
//	go run -C benchmarks/offheap . -run caches -n 100000 -d 100ms -only ashlar,otter
//
// # Workloads
//
// Keys of the caches have 16 bytes, and values 16 bytes to 1 KiB, log-uniform by key. Keys are
// drawn by Zipf's law with exponent 0.99 (Gray et al., SIGMOD 1994), and scattered. The budget holds
// all entries for caches and a tenth of them for hits; it is the same number of bytes for all.
// Caches that count costs are told key + value + 24 bytes for an entry. What is read is used: a
// byte of each value is added up. Caches that pass Go values do not copy; the others do, as their
// interface demands; ashlar's is read by View.
//
//	fill    each key is set once
//	read    a goroutine reads, or 16 do
//	mixed   16 goroutines read three times in four, and otherwise set
//	write   16 goroutines set
//	churn   16 goroutines set with a time to live of a second, and read as often
//
// Keys of the maps have 8 bytes, values 16 or 1,024 bytes; keys are uniform.
//
// # Figures
//
//	Mop/s       million operations in a second, of all goroutines
//	memory      growth of the resident set, over key + value + 24 bytes of each entry that is there
//	longest     of the sets that fill a second map, each timed; on the processor: without the time
//	            that others had it (CLOCK_THREAD_CPUTIME_ID)
//	nothing     a loop that reads no map, beside one that waits half a microsecond: what the machine does
//	GC          processor time of the collector while the phases ran, by runtime/metrics
//
// Hits are counted with keys that are set after each miss, as programs do.
package main
