package largeheap

import "fmt"

// A Reason says what was wrong with an address.
type Reason uint8

// The reasons of violations.
const (
	NotAnObject       Reason = 1 + iota // no object begins there
	DoubleFree                          // the object there was freed already
	HeaderOverwritten                   // the object is live, what lies in front of it was damaged
	Busy                                // another call is at work on the object
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

// A Violation reports that an address given to a Heap is not that of an intact
// live object: the program has made a mistake, and may have corrupted memory.
// The heap itself has changed nothing and goes on working.
type Violation struct {
	Addr   uintptr // as it was given
	Reason Reason
	Object Object // the object nearest to the story; zero if there is none
	Detail string // the rest of the story
}

func (v *Violation) Error() string {
	s := fmt.Sprintf("largeobj: %#x: %s", v.Addr, v.Reason)
	if v.Detail != "" {
		s += ": " + v.Detail
	}
	return s
}

// An Object is what is known of an object or of the region that held it.
type Object struct {
	Base  uintptr // address of the first byte
	Size  uintptr // bytes that were asked for
	Total uintptr // bytes of the region, with header and rounding
	State State
}

func (o Object) String() string {
	return fmt.Sprintf("large object of %d bytes at %#x (%s)", o.Size, o.Base, o.State)
}

// story returns what is known of o.
func (o *object) story() Object {
	return Object{Base: o.user(), Size: o.requested, Total: o.total(), State: o.current()}
}
