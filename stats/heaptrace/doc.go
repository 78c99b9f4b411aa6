// SPDX-License-Identifier: Apache-2.0

// Package heaptrace reads and writes traces: files that record every operation of a
// program on its allocator, in order.
//
//	err := allocator.Trace().Start(file, alloc.TraceOptions{}) // package alloc records
//	...
//	err = allocator.Trace().Stop()
//
//	r, err := heaptrace.NewReader(file)
//	for event, err := range r.Events() { ... }
//
// All errors are of type *Error and wrap ErrFormat, ErrVersion, ErrTruncated, ErrDamaged,
// ErrEvent, or an error of the file. No function panics, whatever the file contains. A
// Recorder is safe for concurrent use. A Reader, a Writer and a Live may be used by one
// goroutine at a time.
//
// A trace contains sizes, times and addresses. It contains no contents of memory.
//
// # Structures
//
//	Event     one operation: kind, goroutine, time, address, size
//	Header    what all events share: page size, unit of time, start
//	Writer    encodes events in batches; the caller supplies them in order
//	Reader    decodes them; an iterator
//	Live      follows the events and knows which objects are live
//	Recorder  takes events from many goroutines at once, orders them, writes them
//
// # Order
//
// The events of a file have one order. In this order each address belongs to at most one
// object at a time: an object is allocated before it is freed, and freed before the next
// object takes its address. This holds across goroutines, because an allocation is
// recorded after it has taken effect, and a free before it takes effect. The events of
// one goroutine are in the order of the program.
//
// For the same reason a resize has two events: Lift before it, and Realloc after it.
// Between the two, neither the old nor the new address belongs to the object. The kernel
// may have moved it, and another goroutine may own either address.
//
// A trace need not contain every object of the program. It may contain frees of objects
// that were allocated before it began; a reader does not know them. If the recorder
// dropped operations, frees may be missing, too. An allocation at the address of a live
// object then means that the object was freed.
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
// The end is a batch without events. A file without an end was cut off, or is still being
// written. A Reader reads it up to its last complete batch and then returns ErrTruncated.
//
// A payload is a sequence of events; varints are those of encoding/binary:
//
//	byte    bits 0–2 operation, bit 3 G, bit 4 T, bit 5 B, others 0
//	varint  if G: goroutine − goroutine of the previous event
//	uvarint if T: ticks since the previous event
//	varint  address − address of the previous event; if not B, in units of 16 bytes
//	uvarint size; not for Lift and Free
//	byte    log₂ of the alignment; only for Memalign
//
// The first event follows an imaginary event with goroutine, time and address 0. A field
// that is not stored equals that of the previous event. Differences are modulo 2^64. An
// event takes 3 to 8 bytes, and about half of that when deflated.
//
// # Bounds
//
//	payload ≤ MaxPayload,  2·events ≤ payload
//	memory of a Reader or Writer = O(MaxPayload), whatever the file says
//	memory of a Recorder = 3 · shards · 1024 records of 48 bytes
//
// # Caveats
//
// Two goroutines that run at the same time have different numbers. After a goroutine has
// ended, a new one may get its number. An address only identifies an object; it has no
// other meaning.
package heaptrace
