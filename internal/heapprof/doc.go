// SPDX-License-Identifier: Apache-2.0

// Package heapprof keeps what a heap profile is made of: the blocks that were
// sampled and are live, and the sums for the stacks that allocated them.
//
// # Structures
//
//	Table    all of one allocator; owns what follows, in metadata
//	record   a sampled live block, found by its address
//	stack    program counters; two that resolve to the same frames are one stack
//	bucket   the sums of one stack, kind, block size and set of labels
//	labels   of goroutines, encoded; equal ones are one
//
//	address ─► heads ─► record ─► bucket ◄─ stack ◄─ chain by hash of frames
//	                                            ▲
//	callstack.Key ─► recent ────────────────────┘   so that most stacks need not be unwound
//
// # What adds up
//
// A block that was sampled with probability p stands for 1/p blocks, its weight:
//
//	E[Σ weight of sampled blocks] = blocks          whatever p each of them had
//	bucket.live        = |{its records}|
//	bucket.liveObjects = Σ weight,  liveBytes = Σ weight·size     over its records
//	records ≤ maxRecords, stacks ≤ maxStacks, buckets ≤ maxBuckets, labels ≤ maxLabels + 1
//
// What finds no room, or no memory, is counted as dropped, never lost in silence. Labels
// that find none cost a sample no more than these: the last ones stand for them.
//
// # The peak
//
// When the live bytes exceed those of the last peak by a sixteenth, every bucket
// notes what it has: the peak profile is that of a moment at which at least 16/17 of
// the highest in-use were live. The cost is bounded: so many notes as the live bytes
// grow by sixteenths, and none while they stay below.
//
// # Who may touch what
//
// One mutex guards a table: its callers come once a sample. Of two that remove the
// record of one address, one is told that there is none. Nobody may be pinned to a
// processor here.
package heapprof
