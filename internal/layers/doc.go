// SPDX-License-Identifier: Apache-2.0

// Package layers is the overview of the module, and the test that keeps the
// overview true. It holds no code.
//
// # The packages
//
// From bottom to top; each imports only packages that are listed before it.
//
//	internal/raw         the only conversions from addresses to pointers
//	internal/procfs      the kernel's files: mappings, control group, pressure on memory
//	internal/gotype      whether values of a type hold Go pointers
//	internal/proflabel   the labels that the running goroutine has for profiles
//	internal/invariants  whether this build checks its invariants, by build tag
//	internal/percpu      short exclusive use of a slot of the processor (P) that runs us
//	internal/goroutine   which goroutine runs us, and whether it is in a bubble of testing/synctest
//	internal/raceannotate annotations for the race detector: which goroutine owns a block
//	internal/vm          the only calls to the kernel: mappings, files, advice, locks; what is mapped and dirty
//	internal/testbrowser a test helper: a browser without a window, for tests of pages
//	internal/fault       accesses to memory that is not there, turned into errors
//	internal/sizeclass   which block sizes exist, which of them serves a request, how spans are cut
//	sizeclass            the block sizes as users see them, and what rounding a request up costs
//	internal/metadata    memory for the allocator's own structures, off the Go heap
//	internal/addrmap     a hash table by address, off the Go heap
//	internal/callstack   one number for the stack of the calls that lead here
//	internal/heapprof    the samples of a heap profile and the stacks that they came by
//	internal/pagemap     from an address to the span or large object that owns it
//	internal/pageheap    runs of pages for spans, out of large mappings
//	internal/smallheap   blocks below 128 KiB: spans, magazines, class caches, depots
//	largeobj             the settings of the heap of large objects
//	internal/largeheap   objects of 128 KiB and more, one mapping each
//	largeobj/mmap        mappings as objects with a length: files, shared and secret memory
//	stats                the numbers of an allocator: snapshots, differences, text, metrics
//	internal/pprofile    files for go tool pprof, and lists of stacks
//	stats/vars           metrics by expvar
//	stats/web            the HTTP face: a live page, metrics, JSON
//	stats/heaptrace      the file of a recorded trace: every operation, in order
//	internal/arenahost   what an allocator and the arenas in its memory need from each other
//	alloc                the allocator: what programs use
//	alloc/alloctest      a helper for tests of programs that use the allocator
//	arena                memory that is freed at once
//	alloc/budget         one limit for the Go heap and off-heap memory together
//	alloc/buffer         bytes.Buffer and a pool of byte slices, on alloc
//	alloc/adapters/arrowmem  memory for the buffers of Apache Arrow
//	alloc/adapters/grpcmem  memory for the buffers of gRPC
//	alloc/adapters/swissmem  memory for the tables of cockroachdb/swiss
//	alloc/adapters/wazeromem  linear memories of wazero: address space reserved, memory committed as they grow
//	fuzz/abuse           what programs do wrong with memory, and what is reported
//	fuzz                 proof: models, fuzz targets, faults on purpose, random programs, a soak
//	fuzz/planted         bugs that the fuzz targets must find
//	internal/layers      this overview
//
// The module benchmarks, in the directory of that name, stands on top of all. It
// is a module of its own so that the peers that it measures are no dependencies
// of this one. So are alloc/adapters/modernc, which takes the place of
// modernc.org/memory in a program; benchmarks/sqlite, which runs SQLite on it;
// benchmarks/dropin, which runs the other adapters below the programs that they are
// for; benchmarks/cacheserver, a service that is measured by its clients; and
// alloc/ashlarvet, which finds mistakes in programs by their source.
//
// # Rules
//
// The tests of this package keep these:
//
//   - Every package is in the list, and imports only those before it, and so do
//     the tests inside it.
//   - The module requires golang.org/x/sys and github.com/google/pprof at most.
//   - There is no cgo.
//   - Addresses become pointers in internal/raw only.
//   - Only internal/vm imports golang.org/x/sys and syscall, tests excepted.
//   - Only internal/pprofile imports github.com/google/pprof, likewise.
//   - Every package says what it is for, in doc.go if it has more than a file or two,
//     and every exported name says what it means.
//   - No file is longer than 450 lines, unless it was generated.
//   - The README's program runs and prints what the README says; what the Markdown
//     files refer to exists.
//   - Where the kernel's interface is missing, programs build and get an error that says so.
//
// # Where to begin
//
// The life of a block is told in package alloc, and that of a large object in
// package internal/largeheap. To follow it downwards, read on in internal/pageheap,
// internal/metadata and internal/vm. Package internal/sizeclass can be read alone.
package layers
