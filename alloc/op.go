// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// An operation identifies the call that the program makes. Reports, the heap profile and traces
// each use their own name for the operation.
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
	opAccess // the program read or wrote memory and the access caused a fault
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

// String returns the name of the operation in errors.
func (o operation) String() string { return operations[o] }

// needZero reports whether the operation returns zeroed blocks.
func (o operation) needZero() bool { return o == opCalloc }

// kind returns the heap profile's kind for a block that the operation obtains. The kind is
// other, except for an arena's chunk, whose kind is heapprof.Arena.
func (o operation) kind(other heapprof.Kind) heapprof.Kind {
	if o == opArena {
		return heapprof.Arena
	}
	return other
}

// event returns the event that a trace records for the operation. The operation requests size
// bytes at a multiple of align.
func (o operation) event(size, align int) heaptrace.Event {
	switch o {
	case opMemalign, opArena:
		return heaptrace.Event{Op: heaptrace.Memalign, Size: int64(size), Align: uint32(align)}
	case opCalloc:
		return heaptrace.Event{Op: heaptrace.Calloc, Size: int64(size)}
	}
	return heaptrace.Event{Op: heaptrace.Malloc, Size: int64(size)}
}
