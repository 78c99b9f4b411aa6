// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"math/bits"
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
	elem := unsafe.Sizeof(*new(T))
	var p uintptr
	if hi, size := bits.Mul(uint(elem), uint(cap)); hi == 0 && uint(len) <= uint(cap) {
		p = a.newRun(uintptr(size), elem, gotype.Of[T]())
	}
	if p == 0 {
		p = a.linkedSlice(elem, len, cap, gotype.Of[T]())
	}
	return unsafe.Slice((*T)(raw.Pointer(p)), cap)[:len]
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
	of     uintptr // address of the type's descriptor; 0: there is no run
	top    uintptr
	stride uintptr // bytes
	number uint32  // of the kind
}

// linked returns n bytes, a multiple of minAlign, for a linked object. It is the fast path
// of NewLinked.
func (a *Arena) linked(n uintptr, t *gotype.Type) unsafe.Pointer {
	if a.run.of == raw.Addr(unsafe.Pointer(t)) && n <= a.limit-a.next { // n > 0: a type with pointers has a size
		a.limit -= n
		return raw.Pointer(a.limit)
	}
	if p := a.newRun(n, n, t); p != 0 {
		return raw.Pointer(p)
	}
	return raw.Pointer(a.slowLinked("NewLinked", n, raw.AlignUp(n, a.mask+1), t))
}

// linkedSlice is MakeLinkedSlice for a slice that the window cannot serve. An element has elem
// bytes.
func (a *Arena) linkedSlice(elem uintptr, len, cap int, t *gotype.Type) uintptr {
	const op = "MakeLinkedSlice"
	return a.slowLinked(op, a.sliceSize(op, elem, len, cap), elem, t)
}

// newRun returns size bytes from the end of the window for objects of stride bytes each, and
// begins a run, or goes on with the last one. It returns 0 if the window does not suffice, if
// the arena does not zero, or if the objects hold no pointers.
func (a *Arena) newRun(size, stride uintptr, t *gotype.Type) uintptr {
	n, l := raw.AlignUp(size, minAlign), &a.core.runs
	if n-1 >= a.limit-a.next || t.Plain() || a.core.options.NoZero { // if n is 0, n−1 is the largest uintptr
		return 0
	}
	top := a.limit
	if k := (runKind{t, stride}); a.run.of != raw.Addr(unsafe.Pointer(t)) || a.run.stride != stride {
		a.closeRun()
		if !l.hasRoom() && l.reserve() != nil {
			return 0 // slowLinked reports it
		}
		number := l.number(k)
		if stride%minAlign == 0 {
			a.run = run{raw.Addr(unsafe.Pointer(t)), top, stride, number}
		} else {
			l.add(number, top-n, size)
		}
	}
	a.limit = top - n
	return top - n
}

// closeRun writes the last run into the list, which has room for it.
func (a *Arena) closeRun() {
	if r := &a.run; r.of != 0 {
		a.core.runs.add(r.number, a.limit, r.top-a.limit)
		r.of = 0
	}
}

// slowLinked returns size bytes of zeroed memory for linked objects of stride bytes each,
// and adds them to the list.
func (a *Arena) slowLinked(op string, size, stride uintptr, t *gotype.Type) uintptr {
	p, err := a.take(op, size, minAlign)
	if err != nil {
		panic(err)
	}
	c := a.core
	if c.options.NoZero {
		raw.Clear(p, size)
	}
	if t.Plain() || size == 0 {
		return p
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
	return p
}
