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
	return (*T)(a.linkedOr(unsafe.Sizeof(*new(padded[T])), gotype.Of[T](), (*Arena).linked))
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
	of     uintptr // address of the type's descriptor, + unclear; 0: there is no run
	top    uintptr
	stride uintptr // bytes
	number uint32  // of the kind
}

// unclear marks the runs of arenas that do not zero, in which linked must not take objects from
// the window: newRun clears them.
const unclear = 1

// linkedOr returns n bytes, a multiple of minAlign, for a linked object. The bytes come from the
// end of the window, or from slow. linkedOr is the fast path of NewLinked, and is inlined with it
// as cutOr is with New.
func (a *Arena) linkedOr(n uintptr, t *gotype.Type, slow func(*Arena, uintptr, *gotype.Type) unsafe.Pointer) unsafe.Pointer {
	if a.run.of == raw.Addr(unsafe.Pointer(t)) && n <= a.limit-a.next { // n > 0: a type with pointers has a size
		a.limit -= n
		return raw.Pointer(a.limit)
	}
	return slow(a, n, t)
}

// linked is linkedOr for an object that does not belong to the last run, or for which the window
// does not suffice.
func (a *Arena) linked(n uintptr, t *gotype.Type) unsafe.Pointer {
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
// begins a run, or goes on with the last one. It returns 0 if the window does not suffice, or if
// the objects hold no pointers.
func (a *Arena) newRun(size, stride uintptr, t *gotype.Type) uintptr {
	n, c := raw.AlignUp(size, minAlign), a.core
	if n-1 >= a.limit-a.next || t.Plain() { // if n is 0, n−1 is the largest uintptr
		return 0
	}
	of := raw.Addr(unsafe.Pointer(t))
	if c.options.NoZero {
		of |= unclear
	}
	if (a.run.of != of || a.run.stride != stride) && !a.beginRun(of, size, runKind{t, stride}) {
		return 0
	}
	a.limit -= n
	if c.options.NoZero {
		raw.Clear(a.limit, n)
	}
	return a.limit
}

// beginRun begins a run of objects with the next size bytes from the end of the window. It fails
// if there is no memory for its entry. Then slowLinked tries again and reports the error.
func (a *Arena) beginRun(of, size uintptr, k runKind) bool {
	a.closeRun()
	l := &a.core.runs
	if !l.hasRoom() && l.reserve() != nil {
		return false
	}
	if k.stride%minAlign == 0 {
		a.run = run{of, a.limit, k.stride, l.number(k)}
	} else { // each slice is padded, and a run of its own
		a.whole = bump{}
		l.add(l.number(k), a.limit-raw.AlignUp(size, minAlign), size)
	}
	return true
}

// closeRun writes the last run into the list, which has room for it. After a short round the run is
// empty.
func (a *Arena) closeRun() {
	r := &a.run
	if r.of == 0 {
		return
	}
	if r.top != a.limit {
		a.core.runs.add(r.number, a.limit, r.top-a.limit)
		a.whole = bump{}
	}
	r.of = 0
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
	} else {
		a.closeRun()
		a.whole = bump{}
	}
	n := max(size, stride) // of one object: size rounded up; of a slice: size
	if err := c.runs.put(runKind{t, stride}, p, n); err != nil {
		panic(c.fail(op, size, err))
	}
	return p
}
