// SPDX-License-Identifier: Apache-2.0

// Package pageheap cuts large mappings into runs of heap pages
// (sizeclass.PageSize bytes each) for spans, takes them back, and returns what
// stays unused to the kernel.
//
// # Structures
//
//	Heap   one for each allocator: its chunks, by address
//	chunk  64 MiB mapping (4 MiB on 32-bit; less where the kernel refuses that)
//	run    consecutive pages of one chunk, the unit of Alloc and Free
//
// A chunk's state is three bitmaps with a bit for each page, kept in metadata:
//
//	page      0    1    2    3    4    5    6    7   …
//	        ┌────┬────┬────┬────┬────┬────┬────┬────┬──
//	busy    │ 1  │ 1  │ 1  │ 0  │ 0  │ 0  │ 0  │ 0  │    allocated, or being purged
//	dirty   │ 0  │ 0  │ 0  │ 1  │ 1  │ 0  │ 0  │ 0  │    free and may occupy RAM
//	aged    │ 0  │ 0  │ 0  │ 1  │ 0  │ 0  │ 0  │ 0  │    dirty since the last Purge
//	        └────┴────┴────┴────┴────┴────┴────┴────┴──
//
// Neighbouring free pages need no merging: a run of zeros in busy is a free run,
// however it came to be.
//
//	aged ⊆ dirty
//	dirty ∩ busy = ∅
//	|busy|  = used + purging (+ the pages that a short chunk lacks)
//	charged = (Heap.used + Heap.dirty) · PageSize      to the vm.Space
//	Heap.used  = Σ used
//	Heap.dirty = Σ |dirty| + those that were dirty of the pages being purged
//
// # The path of a run
//
// Alloc takes the lowest run of dirty pages that is long enough, for it costs no
// page fault; else the lowest free run; else a new chunk. First fit by address
// keeps the upper ends of the heap empty, so that whole chunks can be returned.
// A chunk remembers a bound on its longest free run, so that full chunks are
// skipped without reading their bitmaps.
//
// Free marks pages dirty. Purge, called at a steady beat, returns the pages that
// were dirty at the last beat already: a page is kept for one to two beats.
// Chunks left wholly clean are unmapped.
//
// # Locking
//
// One mutex (mu) for each Heap guards its chunks. It is not held during madvise: the
// pages being purged are marked busy instead. A second one (purger), taken first,
// lets Purge and Close work one at a time, so that no chunk is unmapped while
// the kernel is at work on its pages.
//
// # Caveats
//
// A kernel page larger than a heap page occupies RAM as soon as one of its heap
// pages is used, so there what is charged can be less than the resident set.
package pageheap
