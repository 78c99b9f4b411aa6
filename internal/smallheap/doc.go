// SPDX-License-Identifier: Apache-2.0

// Package smallheap has the structures that hold small blocks, which are blocks below
// 128 KiB. Package alloc uses them: it finds the class cache of a request, pins the
// processor, and moves magazines between class caches and depots.
//
// No function panics for lack of memory: the error is vm.ErrOutOfMemory or vm.ErrLimit,
// and vm.ErrClosed after Depot.Close. A Depot may be used by all goroutines at once; a
// ClassCache only by its holder. See "Who may touch what".
//
// # Structures
//
//	ClassCache  the part of a cache for one class: two magazines, the loaded one and the
//	            previous one, and a countdown to the next sampled block. Blocks smaller than a
//	            cache line have a second one, which takes them back (rows.go)
//	magazine    up to 128 free blocks, ready to be handed out; more in a class that has grown
//	Budget      says how much a Local may cache
//	Chain       magazines on their way between the depot and a batch
//	Depot       the part of one class that all caches share: spare magazines and spans
//	bins        the spans of a depot, by how many of their blocks are idle
//	pageMask    a set of pages of a span, such as those whose RAM was given back
//	Span        a run of pages cut into blocks of one class
//	State       a byte for each block of a span: what the block is doing
//
// All of them except the Depot live in metadata, off the Go heap, and apart from the
// blocks. A freed block is never written to: the magazine holds the block's address.
//
//	ClassCache ┌─────┬────────┬───────┬──────────┬────────────┬─────────┬───────────┬─────────┐
//	           │ top │ bottom │ limit │ previous │ nextSample │ counted │ requested │ sampled │  64 bytes
//	           └──┬──┴────┬───┴───┬───┴────┬─────┴────────────┴─────────┴───────────┴─────────┘
//	              │       ▼       │        └─► the previous magazine
//	magazine   ┌──┼──┬──────────┬─┼────┬──────┬───┬─────┐
//	           │next,│ sentinel │slot 0│slot 1│ … │ end │
//	           │  n  │          │      │      │   │     │   top names the first slot that is not filled
//	           └─────┴──────────┴──┬───┴──────┴───┴─────┘
//	                               │ the addresses of a block and of its state
//	               ┌───────────────┴──────────────┐
//	               ▼                              ▼
//	pages      ┌─────────┬─────────┬ ─    Span ┌────────┬─────┬─────┬ ─
//	           │ block 0 │ block 1 │           │ header │ st0 │ st1 │
//	           └─────────┴─────────┴ ─         └────────┴─────┴─────┴ ─
//
// # The path of a block
//
//	ClassCache  Take ▲   │ Put          no lock, no atomic operation
//	                 │   ▼
//	magazines   Refill   MakeRoom       the loaded and the previous one are swapped
//	                 ▲   │
//	Depot   TakeFull │   ▼ TakeEmpty    one short lock, O(1): a magazine is exchanged for another one
//	                 ▲   │
//	Span       carve │   ▼ uncarve      same lock
//	                 ▲   │
//	page heap AddSpans   spans that are wholly idle, returned to the caller
//
// A batch of blocks takes the same path, many blocks at a time. TakeBatch and PutBatch use the
// magazines of the class cache; TakeChain, EmptyChain and PutChain move whole magazines between
// the depot and whoever has the batch.
//
// # How sparse spans become empty
//
// A program that frees most of its blocks at random leaves a few live ones in each span. Three
// things bring that memory back while the program goes on:
//
//   - Magazines are filled from the fullest spans (bins). So the live blocks gather there.
//   - A class is sparse if more than a quarter of its blocks are idle (Depot.sparse). Its blocks
//     go back to their spans as soon as a cache returns them, and its magazines have a quarter
//     of the room. So few spans are kept alive by blocks that wait in magazines.
//   - Pages inside spans that only idle blocks touch go back to the kernel with age (purge.go).
//
// None of that is on the fast path.
//
// # How much waits in magazines
//
// A processor's class cache has large magazines from the start. The first magazine of a Local's class cache
// has room for startBytes, and each next one for twice as much as the last. The cache of a Local that holds
// more than its part of the Budget loses the magazines of other classes (package alloc, type cacheRoom). The
// depot joins small magazines, and divides those that are larger than a cache should have.
//
// Blocks of one size that are freed and allocated strictly in turn do not gather: the block
// that was freed last is handed out next, and no magazine reaches the depot.
//
// # How magazines grow
//
// A class cache gives up its previous magazine (ClassCache.GiveUp) in exchange for another one. Each
// exchange takes the depot's lock once, and as long as many blocks from a magazine. If many
// processors compete for the lock, or if a class of small blocks or of long batches is busy, the
// magazines of that class grow up to eight times, so that fewer are exchanged (growth.go). Small ones
// leave the caches then (ClassCache.GiveUp) and are merged (Depot.popFull). Magazines shrink again
// when the class is calm.
//
// # Size codes
//
// The six low bits of a live block's state are its size code: how much of the block was
// requested (package sizeclass). A class cache adds up the codes that it hands out and
// subtracts those that it takes back. The sum over all class caches and the depot is the
// requested sum, from which sizeclass.Class.Requested computes the requested bytes.
//
// # Invariants
//
// For each class, with the caches at rest:
//
//	Σ blocks of its spans = live + idle + cached
//	cached                = Σ slots of all magazines, each block in one slot
//	Σ size codes of live blocks = Σ requested of class caches and depot, modulo a word
//	Span.idle = |{i : state i is idle}|
//	Span.bin = binOf(Span.idle), or away
//	Depot.purged = Σ Span.purged, and no block that is not idle touches a purged page
//	bottom ≤ top ≤ limit, nextSample ≤ MaxCountdown
//
// Depot.Check and ClassCache.Check test them. Package alloc's tests call both.
//
// # Who may touch what
//
//	ClassCache, its magazines  whoever is pinned to the processor, or the Local's goroutine
//	State                      live: the block's user, through Malloc, Free and Realloc
//	                           cached: the holder of the class cache; idle: the depot's lock
//	Span's header              written before it is entered in the page map, then read only
//	Span's counts and links    the depot's lock
//	Depot                      its own lock, which is held for moments
//	Budget                     atomic operations
//
// The functions of a ClassCache that package alloc's fast paths call are small enough
// to be inlined there: a call would cost as much as they do.
package smallheap
