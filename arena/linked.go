// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/metadata"
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
	p := a.slowLinked(op, a.sliceSize(op, elem, len, cap), elem, gotype.Of[T]())
	return unsafe.Slice((*T)(p), cap)[:len]
}

// A run is a row of adjacent linked objects of one type. An arena that is not concurrent
// keeps the last run here, to extend it without a lock.
type run struct {
	of  *gotype.Type // nil: none
	end uintptr      // where the next object must begin
}

// linked returns n bytes, a multiple of minAlign, for a linked object. It is the fast path
// of NewLinked.
func (a *Arena) linked(n uintptr, t *gotype.Type) unsafe.Pointer {
	if p := a.next; n-1 < a.limit-p && a.run.of == t && a.run.end == p {
		a.next = p + n
		a.run.end = p + n
		return raw.Pointer(p)
	}
	return a.slowLinked("NewLinked", n, raw.AlignUp(n, a.mask+1), t)
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
	c.mu.Lock()
	defer c.mu.Unlock()
	a.closeRun()
	n := max(size, stride) // of one object: size rounded up; of a slice: size
	if err := c.runs.add(t, p, n, stride); err != nil {
		panic(c.fail(op, size, err))
	}
	if !c.options.NoZero && p+n == a.next && stride%minAlign == 0 { // the stride of NewLinked
		a.run = run{t, p + n}
	}
	return raw.Pointer(p)
}

// closeRun writes the end of the last run into the list. The caller holds the core's lock.
func (a *Arena) closeRun() {
	if a.run.of != nil {
		a.core.runs.last().end = a.run.end
		a.run = run{}
	}
}

// A runList lists an arena's runs, in metadata: a chain of pages.
//
//	┌──────┬───┬──────┬──────┬──────┬ ┄ ┐
//	│ next │ n │ run 0│ run 1│ …    │   │     the newest page comes first
//	└──────┴───┴──────┴──────┴──────┴ ┄ ┘
type runList struct {
	head  uintptr        // address of the first page, 0: none
	types []*gotype.Type // that runs refer to by index
}

type runPage struct {
	next uintptr
	n    uintptr
	runs [runsPerPage]runEntry
}

// A runEntry describes the objects of stride bytes each from start to end.
type runEntry struct{ start, end, stride, of uintptr }

const runsPerPage = 63

func (l *runList) page() *runPage { return raw.At[runPage](l.head) }

// last returns the newest run. The list is not empty.
func (l *runList) last() *runEntry {
	p := l.page()
	return &p.runs[p.n-1]
}

// add adds the objects of type t in the n bytes from start. It extends the last run if they
// continue it.
func (l *runList) add(t *gotype.Type, start, n, stride uintptr) error {
	of := l.index(t)
	if l.head != 0 {
		if r := l.last(); r.of == of && r.end == start && r.stride == stride {
			r.end += n
			return nil
		}
	}
	if l.head == 0 || l.page().n == runsPerPage {
		page, err := metadata.Alloc(unsafe.Sizeof(runPage{}))
		if err != nil {
			return err
		}
		raw.At[runPage](page).next = l.head
		l.head = page
	}
	p := l.page()
	p.runs[p.n] = runEntry{start, start + n, stride, of}
	p.n++
	return nil
}

// index returns the index of t in types, and adds t if it is new.
func (l *runList) index(t *gotype.Type) uintptr {
	for i := len(l.types) - 1; i >= 0; i-- {
		if l.types[i] == t {
			return uintptr(i)
		}
	}
	l.types = append(l.types, t)
	return uintptr(len(l.types) - 1)
}

// free empties the list.
func (l *runList) free() {
	for l.head != 0 {
		page := l.head
		l.head = l.page().next
		metadata.Free(page, unsafe.Sizeof(runPage{}))
	}
}

// each calls f with each run.
func (l *runList) each(f func(t *gotype.Type, r *runEntry)) {
	for page := l.head; page != 0; {
		p := raw.At[runPage](page)
		for i := range p.runs[:p.n] {
			f(l.types[p.runs[i].of], &p.runs[i])
		}
		page = p.next
	}
}
