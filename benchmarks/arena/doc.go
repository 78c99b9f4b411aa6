// SPDX-License-Identifier: Apache-2.0

/*
Package arena compares ashlar's arenas with other ways to free memory at once: a []byte cut by hand, the
standard library's experimental arena, github.com/ortuman/nuke, and the Go heap with its collector.

	GOEXPERIMENT=arenas go test -C benchmarks ./arena -run '^$' -bench . -count 10 | tee arena.txt
	benchstat -col /peer arena.txt

Without the experiment its peer is left out.

# Peers

	bump               a []byte and an offset; cleared when it is reset
	bump-nozero        the same, never cleared
	bump-each          one of them for each goroutine, which clears it before its share; the processors share
	                   nothing but the caches and the memory of the machine
	ashlar             arena.New and so on, arenas for one goroutine
	ashlar-nozero      the same with Options.NoZero
	ashlar-concurrent  the same with Options.Concurrent
	experiment         the standard library's arena: freed and made again where others are reset
	nuke               a monotonic arena
	nuke-concurrent    the same behind its mutex
	goheap             new and make; nothing is reset

All peers except the nozero ones return zeroed memory.

# Benchmarks

	New        allocate an object of 64 bytes and write its first and last word; reset after each round of 10, 100
	           or 1000 objects, or of 1 or 8 MiB
	Parallel   the same by 1 and 2 goroutines from one arena; an operation is 64 Ki objects for each goroutine, between
	           two resets; ns/object is wall time ÷ the objects of all goroutines, and cpu-ns/object the
	           time of the processors
	Tree       build a perfect binary tree of 2^20−1 nodes of 32 bytes and drop it; cpu-ns/op is the time of all
	           processors, with the collector's
	Request    100 slices of 16 bytes to 4 KiB, then a reset, or a new arena for each request

# Caveats

The peers without a reset pay for making arenas. nuke's arena has a buffer that suffices from the start. The
collector does not see the pointers in the trees of bump, nuke and ashlar. The tree is the only live data of
the program, which flatters the collector.
*/
package arena
