// SPDX-License-Identifier: Apache-2.0

package heaptrace

import "time"

// An Op is an operation.
type Op uint8

// The operations. Calloc's size is the product of its arguments.
const (
	Malloc   Op = iota // a block of Size bytes, now at Addr
	Calloc             // the same, zeroed
	Memalign           // the same, at a multiple of Align
	Free               // the object at Addr
	Lift               // the object at Addr is about to be resized by its goroutine
	Realloc            // the object that the goroutine lifted last has Size bytes now, at Addr
	opCount
)

var opNames = [opCount]string{"malloc", "calloc", "memalign", "free", "lift", "realloc"}

// String returns the operation's name, that of C's function where there is one.
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
	Align     uint32        // bytes, a power of two; of Memalign only
	Goroutine uint64        // tells it from others that run at the same time
	Time      time.Duration // since the beginning; never less than that of the event before
	Addr      uint64
	Size      int64 // bytes asked for
}
