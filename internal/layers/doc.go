// SPDX-License-Identifier: Apache-2.0

// Package layers is the overview of the module, and the test that keeps the
// overview true. It holds no code.
//
// # The packages
//
// The list goes from bottom to top. Each package imports only packages above it in the list.
//
//	internal/raw             the only conversions from addresses to pointers
//	internal/procfs          reads files of the kernel: mappings, control groups, memory pressure
//	internal/gotype          says whether values of a type hold Go pointers
//	internal/proflabel       reads the profile labels of the running goroutine
//	internal/invariants      says, by build tag, whether this build checks invariants
//	internal/goroutine       identifies the running goroutine, and says whether it is in a synctest bubble
//	internal/interleave      runs the steps of concurrent calls in chosen orders, for tests
//	internal/percpu          gives a goroutine a slot of its processor (P) for a short time
//	internal/raceannotate    tells the race detector which goroutine owns a block
//	internal/release         stores words with release ordering, cheaply on x86
//	internal/vm              the only calls to the kernel: maps, purges, advises and locks memory, and counts it
//	internal/testbrowser     a test helper: runs a browser without a window
//	internal/fault           turns accesses to missing memory into errors
//	internal/sizeclass       the block sizes, the class of a request, and how spans are cut into blocks
//	sizeclass                the block sizes for users, and what rounding a request up costs
//	internal/metadata        memory for the allocator's own structures, off the Go heap
//	internal/addrmap         a hash table by address, off the Go heap
//	internal/callstack       computes a key of the stack of calls
//	internal/heapprof        the samples of a heap profile, with their stacks
//	internal/pagemap         finds the span or large object at an address
//	internal/pageheap        runs of pages for spans, cut from large mappings
//	internal/smallheap       blocks below 128 KiB: spans, magazines, class caches, depots
//	largeobj                 the options of the heap of large objects
//	internal/largeheap       objects of 128 KiB and more, each in a mapping of its own
//	largeobj/mmap            mappings as objects with a length: private, file, shared and secret memory
//	stats                    the statistics of an allocator: snapshots, differences, text, metrics
//	internal/pprofile        writes files for go tool pprof, and lists of stacks
//	stats/vars               publishes metrics by expvar
//	stats/web                serves statistics by HTTP: a live page, metrics, JSON
//	stats/heaptrace          the file format of a recorded trace of operations
//	internal/arenahost       what an allocator and the arenas in its memory call of each other
//	alloc                    the allocator that programs use
//	alloc/alloctest          helps to test programs that use the allocator
//	arena                    allocates objects that are freed together
//	alloc/budget             keeps the Go heap and off-heap memory under one limit
//	alloc/buffer             a bytes.Buffer, a file in memory and a pool of byte slices, on alloc
//	alloc/offheap            a map, a cache, an arena with handles, and strings, off the Go heap
//	alloc/adapters/arrowmem  memory for the buffers of Apache Arrow
//	alloc/adapters/grpcmem   memory for the message buffers of gRPC
//	alloc/adapters/swissmem  memory for the tables of cockroachdb/swiss
//	alloc/adapters/wazeromem linear memories for wazero
//	fuzz/abuse               a table of mistakes with memory, and how each is reported
//	fuzz                     tests with models, fuzz targets, injected faults, random programs and a soak test
//	fuzz/planted             bugs that the fuzz targets must find
//	internal/layers          this overview
//
// These directories are modules of their own, so that this module does not depend on the
// packages that they need:
//
//   - alloc/adapters/modernc replaces modernc.org/memory in a program.
//   - alloc/ashlarvet finds mistakes with memory in the source of programs.
//   - benchmarks measures the allocator and its peers.
//   - benchmarks/cacheserver is a cache service, measured by its clients.
//   - benchmarks/dropin measures programs that use the other adapters.
//   - benchmarks/offheap measures the structures of alloc/offheap and their peers.
//   - benchmarks/prometheus reads the metrics of package stats with Prometheus's parsers.
//   - benchmarks/sqlite runs SQLite on alloc/adapters/modernc.
//
// # Rules
//
// The tests of this package check these rules:
//
//   - The list has every package. A package and the tests inside it import only packages
//     above it in the list.
//   - The module requires only golang.org/x/sys and github.com/google/pprof.
//   - There is no cgo.
//   - Only internal/raw converts addresses to pointers.
//   - Only internal/vm imports golang.org/x/sys and syscall, except for tests.
//   - Only internal/pprofile imports github.com/google/pprof, except for tests.
//   - Every package has a package comment, in doc.go if the package is not tiny. Every
//     exported name has a comment.
//   - No file is longer than 450 lines, except for generated ones.
//   - The README's program runs and prints what the README says. Files to which the Markdown
//     files refer exist.
//   - On systems without the kernel interface, programs build, and calls return an error
//     that says so.
//
// # Where to begin
//
// Package alloc describes the life of a block, and package internal/largeheap the life of a
// large object. The layers below them are internal/pageheap, internal/metadata and
// internal/vm. Package internal/sizeclass can be read alone.
package layers
