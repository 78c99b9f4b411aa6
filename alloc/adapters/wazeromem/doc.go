// SPDX-License-Identifier: Apache-2.0

// Package wazeromem gives wazero, a WebAssembly runtime, linear memories that grow
// in place and that the garbage collector does not see. Allocate has no error to return: it
// panics with an *alloc.Error if not even address space is available, and TryAllocate
// returns that error. A memory that cannot grow makes memory.grow fail in the module.
//
// Its types have the methods of MemoryAllocator and LinearMemory of
// github.com/tetratelabs/wazero/experimental, but for the name of a result, which
// one line supplies:
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
// Allocate reserves address space for the maximum that the module declares, or
// 4 GiB, and makes the initial pages accessible; Reallocate makes further ones
// accessible. The base never moves and nothing is ever copied, so that the memory
// can back a shared one. Reserved space costs no RAM and counts against no limit
// on committed memory (vm.overcommit_memory) but address space; committed pages cost
// RAM as they are written.
//
// # When memory is short
//
// Where the maximum cannot be reserved, on 32 bits or under a limit of address space
// (ulimit -v), half of it is tried, and half of that, down to the initial size. A
// module can then grow up to what was reserved. Growth beyond it, beyond
// Allocator.Limit, or that the kernel refuses, fails in the module: memory.grow
// returns -1. Wazero has no way to hear that not even the initial size is available:
// Allocate then panics with an *alloc.Error, which a program can recover from where it
// instantiates the module. TryAllocate returns the error.
//
// A memory takes two of the process' mappings, and the kernel allows 65,530 by default
// (vm.max_map_count): about 32,000 modules. The error says so when that is the cause.
//
// # Modules that are dropped
//
// wazero frees a memory when its module is closed. The memory of a module that is dropped
// without Close, as forgotten error paths do, is freed when the collector finds it, and
// counted as lost. The collector does not see how much memory that is: when memory,
// mappings or address space run out, Allocate has it look.
//
//	Allocates = Frees + Lost + InUse
//
// # Misuse
//
// Slices that api.Memory.Read returned are views of a memory: using them after the module
// was closed, or when nobody has the module any more, is a fault that ends the program.
// With Go memory they would still be read. Free may be called again and does nothing
// then.
//
// Linear memories do not come from an alloc.Allocator, whose Stats and Limit do not
// count them: Reserved, Committed and Limit of the Allocator here do.
package wazeromem
