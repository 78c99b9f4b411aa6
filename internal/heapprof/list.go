// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"runtime"
	"strings"
	"sync/atomic"
)

// A Listing learns of samples as they are added and removed. A *runtime/pprof.Profile is one:
// it records the stack that calls Add.
type Listing interface {
	Add(value any, skip int)
	Remove(value any)
}

// MaxListed is the largest number of samples that a table lists at once. A Listing keeps
// about 400 bytes of each on the Go heap.
const MaxListed = 4 << 10

// list is the Listing of a table's samples, if it has one.
type list struct {
	in Listing
	id uint64 // of the table; 0: it is not listed
	n  int    // samples listed

	depths *[1 << 8]depth // of recent stacks, by their keys
}

// A depth is the number of frames of a stack that belong to the allocator.
type depth struct {
	key uint64 // as Sample.Stack
	n   int
}

// A listed is the value that stands for a sample in the Listing. It holds no pointer, so it
// keeps neither memory nor a table alive.
type listed struct{ table, seq uint64 }

var lastListed atomic.Uint64

// List makes l the table's Listing: l lists each sample that is taken from now on, until the
// sample is removed.
func (t *Table) List(l Listing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list.in == l || t.closed {
		return
	}
	t.unlistAll()
	t.list = list{in: l, id: lastListed.Add(1), depths: new([1 << 8]depth)}
}

// enlist lists a new record. It runs on the goroutine that allocates; the key is that of the
// goroutine's stack.
func (t *Table) enlist(r *record, key uint64) {
	l := &t.list
	if l.in == nil || l.n >= MaxListed {
		return
	}
	lately := &l.depths[key%uint64(len(l.depths))]
	if key == 0 || lately.key != key {
		*lately = depth{key, inside()}
	}
	l.n++
	r.listed = true
	l.in.Add(listed{l.id, r.seq}, 2+lately.n) // Add counts itself as a frame
}

func (t *Table) unlist(r *record) {
	if r.listed {
		t.list.n--
		r.listed = false
		t.list.in.Remove(listed{t.list.id, r.seq})
	}
}

func (t *Table) unlistAll() {
	t.records.Each(func(at uintptr) { t.unlist(recordAt(at)) })
}

// inside returns the number of frames above its caller's that belong to this package or to
// the allocator.
func inside() (n int) {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !more || !ours(&f) && !strings.Contains(f.Function, "/internal/heapprof.(*Table)") {
			return n
		}
		n++
	}
}
