// SPDX-License-Identifier: Apache-2.0

package largeheap

import "fmt"

// A Reason says what is wrong with an address.
type Reason uint8

// The reasons of violations.
const (
	NotAnObject       Reason = 1 + iota // no object begins there
	DoubleFree                          // the object there was freed already
	HeaderOverwritten                   // the object is live, and its header was overwritten
	Busy                                // another call works on the object
)

func (r Reason) String() string {
	switch r {
	case NotAnObject:
		return "no large object begins there"
	case DoubleFree:
		return "it was freed already"
	case HeaderOverwritten:
		return "its header was overwritten"
	case Busy:
		return "another goroutine is freeing or resizing it"
	}
	return "unknown reason"
}

// A Violation reports that an address that was passed to a Heap is not that of an intact
// live object. The program has made a mistake, and may have corrupted memory. The heap has
// changed nothing and continues to work.
type Violation struct {
	Addr   uintptr // the address that was passed
	Reason Reason
	Object Object // the object that the address belongs or belonged to; zero if there is none
	Detail string // a sentence for people
}

func (v *Violation) Error() string {
	s := fmt.Sprintf("largeobj: %#x: %s", v.Addr, v.Reason)
	if v.Detail != "" {
		s += ": " + v.Detail
	}
	return s
}

// An Object describes an object, or an extent and its last object.
type Object struct {
	Base  uintptr // address of the first byte
	Size  uintptr // requested bytes
	Total uintptr // bytes of the extent, with header and rounding
	State State
}

func (o Object) String() string {
	return fmt.Sprintf("large object of %d bytes at %#x (%s)", o.Size, o.Base, o.State)
}

// describe returns the description of o.
func (o *object) describe() Object {
	return Object{Base: o.user(), Size: o.requested, Total: o.total(), State: o.current()}
}
