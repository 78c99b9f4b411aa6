// SPDX-License-Identifier: Apache-2.0

// Package pageheap provides runs of heap pages (sizeclass.PageSize bytes each) for spans.
// It cuts them from large mappings, takes them back, and returns pages that stay unused
// to the kernel.
//
//	var h pageheap.Heap
//	h.Init(&space)
//	addr, clean, err := h.Alloc(n)      // n pages; clean: they are zero
//	h.Free(addr, n)
//	h.Purge(false)                      // once a tick
//	err = h.Close()
//
// Alloc returns an error if the kernel refuses memory or the limit is reached. Purge and
// Close return an error if the kernel refuses to take memory back; call them again later.
// Free does not check its arguments. All methods are safe for concurrent use.
//
// # Structures
//
//	Heap   one for each allocator: its chunks, by address
//	chunk  64 MiB mapping (4 MiB where addresses have 32 bits; less where the kernel refuses that)
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
//	charged = (Heap.used + Heap.dirty) · PageSize − what callers purged inside their runs
//	                                                   to the vm.Space
//	Heap.used  = Σ used
//	Heap.dirty = Σ |dirty| + the dirty pages among those being purged
//
// # The path of a run
//
// Alloc takes the lowest run of dirty pages that is long enough, because dirty pages cost
// no page fault. If there is none it takes the lowest free run, and otherwise maps a new
// chunk. First fit by address keeps the upper ends of the heap empty, so that whole chunks
// can be unmapped. A chunk remembers an upper bound on its longest free run, so that Alloc
// skips full chunks without reading their bitmaps.
//
// A caller may purge pages inside its run, and refund them. It frees such a run by FreePurged.
// If the kernel refuses the rest of it, the run stays busy until a later Purge (refused.go).
//
// Free marks pages dirty. The allocator calls Purge once a tick. Purge returns the pages
// that were already dirty at the tick before, so a page is kept for one to two ticks.
// Purge unmaps chunks that have no used or dirty page.
//
// # Locking
//
// Each Heap has a mutex (mu) that guards its chunks. Purge releases it during madvise and
// marks the pages busy instead. A second mutex (purger), taken first, lets Purge and Close
// work one at a time, so that nobody unmaps a chunk while the kernel works on its pages.
//
// # Caveats
//
// A kernel page larger than a heap page occupies RAM as soon as one of its heap
// pages is used. On such a system the charged bytes can be less than the resident set.
package pageheap
