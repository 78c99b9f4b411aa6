// SPDX-License-Identifier: Apache-2.0

// Package pageheap provides runs of heap pages (sizeclass.PageSize bytes each) for spans.
// It cuts them from large mappings, takes them back, and returns pages that stay unused
// to the kernel.
//
//	var h pageheap.Heap
//	h.Init(&space)
//	h.UseHuge(HugeDense)                // optional
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
// A page that is neither busy nor dirty is clean: it occupies no RAM. Two more sets have a bit for
// each unit of 4 KiB. They describe pages inside runs that the owners of the runs gave back:
//
//	lent     purged, and refunded
//	kept     not purged yet, because the chunk uses huge pages
//
// Neighbouring free pages need no merging: a run of zeros in busy is a free run,
// however it came to be.
//
//	aged ⊆ dirty
//	dirty ∩ busy = ∅
//	|busy|  = used + purging (+ the pages that a short chunk lacks)
//	charged = (Heap.used + Heap.dirty) · PageSize − Σ |lent| · 4 KiB        to the vm.Space
//	lent, kept ⊆ allocated runs, lent ∩ kept = ∅
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
// The owner of a run may give pages inside it back (PurgeInside), and take them again
// (UseInside). Free of such a run purges the rest of it, except for its ends if they share a kernel
// page with a neighbour: those are dirty then. If the kernel refuses that, the run stays busy until a
// later Purge (refused.go).
//
// Free marks pages dirty. The allocator calls Purge once a tick. Purge returns the pages
// that were already dirty at the tick before, so a page is kept for one to two ticks.
// Purge unmaps chunks that have no used or dirty page.
//
// # Huge pages
//
// With UseHuge, a chunk may use huge pages (chunk.huge). Its pages then form blocks, each as large
// as a huge page:
//
//	chunk.huge = false     the kernel uses small pages: it was not advised, or against them
//	chunk.huge = true      the whole chunk is advised to huge pages. Wherever a page of a block is
//	                       touched, the kernel may fill the whole block, now or later
//
//	                 dense for 16 ticks; HugeAll: new, or without a page in use
//	                ────────────────────────────────────────────────────────────►
//	    small pages                                                               huge pages
//	                ◄────────────────────────────────────────────────────────────
//	                 sparse for 8 ticks; not dense at Purge(true); no room under the limit
//
// The advice is one for the whole chunk, so that no mapping is split. What huge pages cost beyond
// what is in use is the chunk's waste:
//
//	touched = Σ sizes of the blocks that have a page that is not clean
//	waste   = touched − used · PageSize + (|lent| + |kept|) · 4 KiB
//	dense   : waste ≤ touched / 32
//	sparse  : waste > touched / 16 + a block
//
// As the kernel may fill a touched block at any time, all of it is charged:
//
//	chunk.huge ⇒ each block is clean, or has no clean page
//	chunk.huge ⇒ lent = ∅
//
// So Alloc makes the rest of a block dirty when it takes the first page of it, and Purge gives
// back whole blocks only. What the owners of runs give back is kept, and becomes lent when the
// chunk loses its huge pages.
//
// With UseHuge, Alloc takes a run from the block with the most used pages, so that the others
// become free as a whole (fullest).
//
// A chunk that becomes dense gets the advice, and the kernel copies its blocks at once
// (MADV_COLLAPSE), 64 MiB a tick. A chunk that becomes sparse is advised against huge pages.
// Those that it has remain until they are purged, in parts. A part of a huge page that is purged
// keeps its RAM although the kernel does not show it, until RAM is short. MADV_FREE before
// MADV_DONTNEED makes the kernel split the huge page, and then the RAM goes at once (giveBack).
//
// The design follows TEMERAIRE (Hunter and others, OSDI 2021) in filling the fullest huge pages
// and breaking up the sparsest. The Go runtime shows what to avoid: #61718, where khugepaged
// filled what had been given back, and #59960, stalls while the kernel looks for huge pages.
//
// # Locking
//
// Each Heap has a mutex (mu) that guards its chunks. Purge releases it during madvise and
// marks the pages busy instead. A second mutex (purger), taken first, lets Purge and Close
// work one at a time, so that nobody unmaps a chunk while the kernel works on its pages.
// PurgeInside and Free count themselves in chunk.moving while they purge pages of a run. The chunk
// does not get huge pages meanwhile. The owner of a run may hold its own lock when it calls
// PurgeInside or UseInside; the heap calls nobody.
//
// # Caveats
//
// A kernel page larger than a heap page occupies RAM as soon as one of its heap
// pages is used. On such a system the charged bytes can be less than the resident set. The kernel
// purges whole pages of its own, so every range that is purged consists of such pages.
package pageheap
