// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// NewLinked returns a pointer to a zeroed T in the arena. Unlike for New, T may hold Go
// pointers. Each must be nil or point into the same arena. This includes strings, slices,
// interfaces, maps, functions and channels.
//
// Memory is freed while it is in use if a linked object points to it and it is not in the
// arena: the collector does not see these pointers. Audit finds them.
//
// NewLinked panics with an *Error as New does. In a concurrent arena it takes a lock.
func NewLinked[T any](a *Arena) *T {
	return (*T)(a.linked(unsafe.Sizeof(*new(padded[T])), gotype.Of[T]()))
}

// MakeLinkedSlice is MakeSlice for element types that NewLinked accepts. The slice is
// always zeroed.
func MakeLinkedSlice[T any](a *Arena, len, cap int) []T {
	const op = "MakeLinkedSlice"
	elem := unsafe.Sizeof(*new(T))
	p := a.linkedSlice(op, a.sliceSize(op, elem, len, cap), elem, gotype.Of[T]())
	return unsafe.Slice((*T)(p), cap)[:len]
}

// A run is a row of adjacent linked objects of one type. An arena keeps the last run here if it
// lies at the end of the window, so that a further object needs no entry of its own.
//
//	next       limit                  top
//	▼          ▼                      ▼
//	┌──────────┬────────┬────────┬────────┐
//	│ free     │ object │ object │ object │    top − limit = number · stride
//	└──────────┴────────┴────────┴────────┘
//
// The objects of a run lie at the end of the window, and those that New returns at its
// beginning. So a run goes on whatever else the program allocates in between.
type run struct {
	runKind // of = nil: none
	top     uintptr
	n       uint32 // the number of the kind
}

// linked returns n bytes, a multiple of minAlign, for a linked object. It is the fast path
// of NewLinked.
func (a *Arena) linked(n uintptr, t *gotype.Type) unsafe.Pointer {
	if a.run.of == t && n <= a.limit-a.next { // n > 0: a type with pointers has a size
		a.limit -= n
		return raw.Pointer(a.limit)
	}
	if p := a.newRun(n, n, t); p != 0 {
		return raw.Pointer(p)
	}
	return a.slowLinked("NewLinked", n, raw.AlignUp(n, a.mask+1), t)
}

// linkedSlice returns size bytes for a linked slice of elements of elem bytes each.
func (a *Arena) linkedSlice(op string, size, elem uintptr, t *gotype.Type) unsafe.Pointer {
	if p := a.newRun(size, elem, t); p != 0 {
		return raw.Pointer(p)
	}
	return a.slowLinked(op, size, elem, t)
}

// newRun returns size bytes from the end of the window for objects of stride bytes each, and
// begins a run, or goes on with the last one. It returns 0 if the window does not suffice, if
// the arena does not zero, or if the objects hold no pointers.
func (a *Arena) newRun(size, stride uintptr, t *gotype.Type) uintptr {
	n := raw.AlignUp(size, minAlign)
	if n-1 >= a.limit-a.next || t.Plain() || a.core.options.NoZero { // if n is 0, n−1 is the largest uintptr
		return 0
	}
	if a.run.of == t && a.run.stride == stride {
		a.limit -= n
		return a.limit
	}
	a.closeRun()
	l := &a.core.runs
	if l.reserve() != nil {
		return 0 // slowLinked reports it
	}
	top := a.limit
	a.limit -= n
	k := runKind{t, stride}
	if stride%minAlign == 0 {
		a.run = run{k, top, l.number(k)}
	} else {
		l.add(l.number(k), a.limit, top, size/stride)
	}
	return a.limit
}

// closeRun writes the last run into the list, which has room for it.
func (a *Arena) closeRun() {
	if r := &a.run; r.of != nil {
		a.core.runs.add(r.n, a.limit, r.top, (r.top-a.limit)/r.stride)
		r.of = nil
	}
}

// slowLinked returns size bytes of zeroed memory for linked objects of stride bytes each,
// and adds them to the list.
func (a *Arena) slowLinked(op string, size, stride uintptr, t *gotype.Type) unsafe.Pointer {
	p, err := a.take(op, size, minAlign)
	if err != nil {
		panic(err)
	}
	c := a.core
	if c.options.NoZero {
		raw.Clear(p, size)
	}
	if t.Plain() || size == 0 {
		return raw.Pointer(p)
	}
	if a.lanes != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	a.closeRun()
	n := max(size, stride) // of one object: size rounded up; of a slice: size
	if err := c.runs.put(runKind{t, stride}, p, n); err != nil {
		panic(c.fail(op, size, err))
	}
	return raw.Pointer(p)
}
