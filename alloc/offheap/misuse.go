// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"cmp"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// memoryOf returns the Tag of heap with a structure's name.
func memoryOf(heap *alloc.Allocator, name string) *alloc.Tag {
	return cmp.Or(heap, alloc.Default()).Tag(name)
}

// pointerFree returns an error if T holds Go pointers.
func pointerFree[T any]() error {
	if alloc.PointerFree[T]() {
		return nil
	}
	return &alloc.Error{Op: "offheap", Size: int(unsafe.Sizeof(*new(T))),
		Err: fmt.Errorf("%w: %v", alloc.ErrHasPointers, reflect.TypeFor[T]())}
}

// A state says what a structure for one goroutine is doing.
type state uint8

const (
	idle    state = iota
	writing       // a call that changes it is under way
	closed
)

// panicState panics because op cannot run in state s. It is not inlined, so that what calls read and
// begin stays short.
//
//go:noinline
func panicState(s state, op string) {
	if s == closed {
		panicClosed(op)
	}
	panic(&alloc.MisuseError{Kind: alloc.ConcurrentUse, Op: "offheap." + op, State: "being changed",
		Detail: "another call is changing it: it is for one goroutine at a time, " +
			"and a function that Update calls must not use it"})
}

// panicClosed panics because op uses a structure after Close.
//
//go:noinline
func panicClosed(op string) {
	panic(&alloc.MisuseError{Kind: alloc.UseAfterClose, Op: "offheap." + op, State: "closed",
		Detail: "it was closed, and its memory freed: do not use it after Close"})
}

// read checks that a call may read the structure.
func (s *state) read(op string) {
	if *s != idle {
		panicState(*s, op)
	}
}

// begin begins a call that changes the structure, and end ends it.
func (s *state) begin(op string) {
	if *s != idle {
		panicState(*s, op)
	}
	*s = writing
}

func (s *state) end() { *s = idle }
