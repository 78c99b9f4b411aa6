// SPDX-License-Identifier: Apache-2.0

// Package wazeromem gives wazero, a WebAssembly runtime, linear memories that grow
// in place and that the garbage collector does not see. Allocate has no error to return: it
// panics with an *alloc.Error if not even address space is available, and TryAllocate
// returns that error. A memory that cannot grow makes memory.grow fail in the module.
//
// Its types have the methods of MemoryAllocator and LinearMemory of
// github.com/tetratelabs/wazero/experimental, except that Allocate returns a *Memory. A
// function literal converts it:
//
//	var memories wazeromem.Allocator
//	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
//		func(cap, max uint64) experimental.LinearMemory { return memories.Allocate(cap, max) }))
//	module, err := runtime.Instantiate(ctx, binary)
//
// # A linear memory
//
//	 base                    length            committed                  reserved
//	 ▼                       ▼                 ▼                          ▼
//	┌───────────────────────┬─────────────────┬──────────────────────────┐
//	│ the module's memory   │ zero            │ not accessible           │
//	└───────────────────────┴─────────────────┴──────────────────────────┘
//	length ≤ committed ≤ reserved
//
// Allocate reserves address space for the maximum that the module declares, or 4 GiB, and
// makes the initial pages accessible. Reallocate makes further pages accessible. The base
// never moves and nothing is copied, so shared memories work too. Reserved space costs no RAM,
// and does not count against the kernel's limit of committed memory (vm.overcommit_memory).
// It counts against a limit of address space. A committed page costs RAM when it is written.
//
// An Allocator is safe for concurrent use. A Memory is for one goroutine at a time.
//
// Where the platform has no inaccessible pages (the Go heap as the source of memory, see
// PLATFORMS.md), Allocate panics, and TryAllocate returns an error that is
// alloc.ErrUnsupported. The tests skip there.
//
// # When memory is short
//
// On 32-bit systems, and under a limit of address space (ulimit -v), the maximum may not be
// available. Then Allocate tries half of it, and half of that, down to the initial size, and
// the module can grow up to the reserved size. If growth exceeds the reserved size or
// Allocator.Limit, or the kernel refuses, memory.grow returns -1 in the module.
//
// If the initial size is not available, Allocate panics with an *alloc.Error, because wazero's
// interface has no error result. A program can recover where it instantiates the module.
// TryAllocate returns the error.
//
// A memory takes two of the mappings of the process. The kernel allows 65,530 mappings by
// default (vm.max_map_count), which is enough for about 32,000 modules. The error says so if
// that is the cause.
//
// # Modules that are dropped
//
// wazero frees a memory when its module is closed. If a module is dropped without Close, its
// memory is freed when the collector finds it unreachable, and counted as lost. The collector
// does not see how much memory that is. So when memory, mappings or address space run out,
// the Allocator runs the collector.
//
//	Allocates = Frees + Lost + InUse
//
// # Misuse
//
// An access to a slice that api.Memory.Read returned is a fault that ends the program, if the
// module was closed or is unreachable. Such slices are views of the memory. With Go memory the
// access would succeed. Further calls of Free do nothing.
//
// Linear memories do not come from an alloc.Allocator, so its Stats and Limit do not count
// them. Use Reserved, Committed and Limit of this package's Allocator.
package wazeromem
