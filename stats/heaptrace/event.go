// SPDX-License-Identifier: Apache-2.0

package heaptrace

import "time"

// An Op is an operation.
type Op uint8

// The operations. The size of Calloc is the product of its two arguments.
const (
	Malloc   Op = iota // allocates Size bytes at Addr
	Calloc             // as Malloc, zeroed
	Memalign           // as Malloc, Addr is a multiple of Align
	Free               // frees the object at Addr
	Lift               // the goroutine is about to resize the object at Addr
	Realloc            // the object that the goroutine lifted last now has Size bytes at Addr
	opCount
)

var opNames = [opCount]string{"malloc", "calloc", "memalign", "free", "lift", "realloc"}

// String returns the name of the operation, as in C where C has it.
func (o Op) String() string {
	if o >= opCount {
		return "unknown"
	}
	return opNames[o]
}

// Sized reports whether events of the operation have a size.
func (o Op) Sized() bool { return o != Free && o != Lift }

// An Event is one operation.
type Event struct {
	Op        Op
	Align     uint32        // bytes, a power of two; only for Memalign
	Goroutine uint64        // unique among the goroutines that run at the same time
	Time      time.Duration // since the start of the trace; never decreases from event to event
	Addr      uint64
	Size      int64 // bytes requested
}
