// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// An operation is the call of the program. Reports, the heap profile and traces each have a
// name for it.
type operation uint8

const (
	opMalloc operation = iota
	opCalloc
	opMemalign
	opArena // an arena obtains a chunk
	opRealloc
	opRecalloc
	opFree
	opUsableSize
	opTrim
	opVerify
	opClose
	opAccess // the program read or wrote memory, and the processor refused
)

var operations = [...]string{
	opMalloc:     "Malloc",
	opCalloc:     "Calloc",
	opMemalign:   "Memalign",
	opArena:      "Arena",
	opRealloc:    "Realloc",
	opRecalloc:   "Recalloc",
	opFree:       "Free",
	opUsableSize: "UsableSize",
	opTrim:       "Trim",
	opVerify:     "Verify",
	opClose:      "Close",
	opAccess:     "access",
}

// String returns the name that errors have.
func (o operation) String() string { return operations[o] }

// needZero reports whether the operation returns zeroed blocks.
func (o operation) needZero() bool { return o == opCalloc }

// kind returns what the heap profile calls a block that the operation obtains: other,
// unless it is an arena's chunk.
func (o operation) kind(other heapprof.Kind) heapprof.Kind {
	if o == opArena {
		return heapprof.Arena
	}
	return other
}

// event returns what a trace records of the operation, for a request of size bytes at a
// multiple of align.
func (o operation) event(size, align int) heaptrace.Event {
	switch o {
	case opMemalign, opArena:
		return heaptrace.Event{Op: heaptrace.Memalign, Size: int64(size), Align: uint32(align)}
	case opCalloc:
		return heaptrace.Event{Op: heaptrace.Calloc, Size: int64(size)}
	}
	return heaptrace.Event{Op: heaptrace.Malloc, Size: int64(size)}
}
