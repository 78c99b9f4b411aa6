// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"runtime"
	"strings"
	"sync/atomic"
)

// A Listing is told of samples as they come and go: a *runtime/pprof.Profile is one,
// which notes the stack that Add is called with.
type Listing interface {
	Add(value any, skip int)
	Remove(value any)
}

// MaxListed bounds how many samples of a table are listed at once: what a Listing keeps
// of each, some 400 bytes, is on the Go heap.
const MaxListed = 4 << 10

// list is where a table's samples are listed, if they are.
type list struct {
	in Listing
	id uint64 // of the table there, 0: it is not listed
	n  int    // samples listed

	depths *[1 << 8]depth // of stacks lately met, by their keys
}

// A depth is how many frames of a stack are the allocator's.
type depth struct {
	key uint64 // as Sample.Stack
	n   int
}

// A listed is the value by which a sample is listed. It holds no pointer: neither memory
// nor a table is kept by it.
type listed struct{ table, seq uint64 }

var lastListed atomic.Uint64

// List has the samples that are taken from now on listed in l, until they are removed,
// and no longer elsewhere.
func (t *Table) List(l Listing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list.in == l || t.closed {
		return
	}
	t.unlistAll()
	t.list = list{in: l, id: lastListed.Add(1), depths: new([1 << 8]depth)}
}

// enlist lists a record just made, on the goroutine that allocates, whose stack has a
// key.
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
	l.in.Add(listed{l.id, r.seq}, 2+lately.n) // Add counts itself
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

// inside returns how many of the frames above its caller's are of this package or the
// allocator.
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
