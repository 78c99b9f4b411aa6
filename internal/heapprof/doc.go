// SPDX-License-Identifier: Apache-2.0

// Package heapprof stores a heap profile: the sampled blocks that are live, and the sums
// for the stacks that allocated them.
//
//	table.Add(heapprof.Sample{Addr: addr, Size: size, Weight: weight}, pcs)
//	table.Remove(addr)
//	table.Lines(nil, 0)      // the sums, by stack
//
// No function returns an error or panics. If there is no memory or no room, a sample is
// dropped and counted. All methods of a Table are safe for concurrent use.
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
//	callstack.Key ─► recent ────────────────────┘   most stacks need no unwinding
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
// A sample that finds no room, or no memory, is counted as dropped. If only its labels find
// no room, the sample is kept with one label that says so. A stack without live samples
// that was not used lately makes room for a new one: its sums are counted as dropped then.
//
// # The peak
//
// When the live bytes exceed those of the last peak by a sixteenth, every bucket notes its
// sums. The peak profile therefore shows a moment at which at least 16/17 of the highest
// number of bytes were live. The cost is bounded: one note for each growth by a sixteenth,
// and none while the live bytes stay below the peak.
//
// # Who may touch what
//
// One mutex guards a table; callers need it once a sample. If two callers remove the record
// of one address, one of them learns that there is none. A caller must not be pinned to its
// processor.
package heapprof
