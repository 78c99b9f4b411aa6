// SPDX-License-Identifier: Apache-2.0

// Package heaptrace is a file format for what a program asks of its allocator, operation
// by operation, and the means to write and read it.
//
//	err := allocator.Trace().Start(file, alloc.TraceOptions{}) // package alloc records
//	...
//	err = allocator.Trace().Stop()
//
//	r, err := heaptrace.NewReader(file)
//	for event, err := range r.Events() { ... }
//
// # Structures
//
//	Event     one operation: what, who, when, where, how much
//	Header    what holds for all events: page size, unit of time, beginning
//	Writer    encodes events, given in order, in batches
//	Reader    decodes them; an iterator
//	Live      follows events and knows which objects are live
//	Recorder  takes events of many goroutines at once, puts them in order, writes them
//
// # Order
//
// The events of a file have one order, in which each address is that of at most one
// object at a time: an object is allocated before it is freed, and freed before the
// next one is at its address, whoever does it. An event is recorded after its
// allocation has taken effect, or before its free does. Events of one goroutine are in
// the order of the program.
//
// For that reason a resized object has two events: Lift before, Realloc after. In
// between neither address is known to be its own: the kernel may have moved it, and
// other goroutines have what was there before or is there now.
//
// Not every object of a program is in its trace. Of those that were allocated before
// it began there can be frees, whose objects a reader does not know. Where operations
// were dropped, frees can be missing, too: an allocation at the address of a live
// object means that this one was freed.
//
// # Layout
//
// Numbers of a fixed size are little-endian; checksums are CRC-32C.
//
//	┌────────┬─────────┬─────────┬ ┄ ┬─────────┬─────┐
//	│ header │ batch 1 │ batch 2 │   │ batch n │ end │
//	└────────┴─────────┴─────────┴ ┄ ┴─────────┴─────┘
//
//	header                                  batch
//	 0  8  "ashlartr"                        0  4  bytes of payload as stored
//	 8  1  version, 1                        4  4  bytes of payload
//	 9  1  options: 1 payloads are deflated  8  4  events in it
//	10  2  0                                12  4  operations dropped before its end
//	12  4  page size, in bytes              16  4  checksum of bytes 0 to 15 and payload
//	16  8  tick, in nanoseconds             20     payload
//	24  8  beginning, in ns since 1970
//	32  4  checksum of bytes 0 to 31
//
// The end is a batch without events. A file without it was cut off, or is still being
// written: it is read up to its last whole batch and then gives ErrTruncated.
//
// A payload is a sequence of events; varints are those of encoding/binary:
//
//	byte    bits 0–2 operation, bit 3 G, bit 4 T, bit 5 B, others 0
//	varint  if G: goroutine − that of the event before
//	uvarint if T: ticks since the event before
//	varint  address − that of the event before; in units of 16 bytes, unless B
//	uvarint size; not for Lift and Free
//	byte    log₂ of the alignment; only for Memalign
//
// The event before the first has goroutine, time and address 0. What is missing is as
// in the event before; differences are modulo 2^64. So an event takes 3 to 8 bytes,
// and about half of that deflated.
//
// # Bounds
//
//	payload ≤ MaxPayload,  2·events ≤ payload
//	memory of a Reader or Writer = O(MaxPayload), whatever the file says
//	memory of a Recorder = 3 · shards · 1024 records of 48 bytes
//
// # Caveats
//
// A goroutine's number tells it from others that run at the same time; when it has
// ended a new one may be given the same. Addresses say nothing but which object is
// meant. What is recorded shows sizes and times of a program's work, but no contents.
package heaptrace
