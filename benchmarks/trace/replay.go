// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// ahead is how many steps a goroutine may be ahead of another one. stride is how many it does before it
// tells the others how far it is.
const (
	ahead  = 256
	stride = ahead / 4
)

// pageSize is the smallest page of the supported processors, in bytes. One byte in each page is touched.
const pageSize = 4096

// A Replay runs a program, and can run it several times, one run after the other.
type Replay struct {
	program *Program
	blocks  []block
	next    []progress

	mu      sync.Mutex
	changed *sync.Cond   // on mu: an object was given, or a goroutine has told how far it is
	waiting atomic.Int32 // goroutines that wait for it
}

// A block is an object in a run. The goroutine that does a step with it owns all fields except given.
type block struct {
	address unsafe.Pointer
	base    unsafe.Pointer // what the peer returned, if that had to be aligned
	room    int            // bytes requested from the peer
	given   atomic.Uint32  // times that it went from one goroutine to another
}

// progress is the earliest step that a goroutine has still to do. It fills a cache line.
type progress struct {
	at atomic.Uint32
	_  [60]byte
}

// NewReplay allocates and touches all memory that a run needs besides the peer's blocks.
func NewReplay(p *Program) *Replay {
	r := &Replay{program: p, blocks: make([]block, p.Objects), next: make([]progress, len(p.threads))}
	r.changed = sync.NewCond(&r.mu)
	r.rewind()
	return r
}

func (r *Replay) rewind() {
	for i := range r.blocks {
		r.blocks[i].address, r.blocks[i].base = nil, nil
		r.blocks[i].given.Store(0)
	}
	for i := range r.next {
		r.next[i].at.Store(0)
	}
}

// Run runs the program with a handle for each goroutine. It returns the time from the first step to the
// last, or an error if a block was overwritten. A peer that is not shared can replay a program with one
// goroutine only.
func (r *Replay) Run(open func() suite.Handle) (time.Duration, error) {
	handles := make([]suite.Handle, len(r.next))
	for i := range handles {
		handles[i] = open()
		defer handles[i].Close()
	}
	return r.runAll(handles)
}

// Idle goes through the program without allocating anything, and returns how long that takes: this part of
// the time of Run is not the peer's.
func (r *Replay) Idle() time.Duration {
	elapsed, _ := r.runAll(make([]suite.Handle, len(r.next))) // without blocks there is no error
	return elapsed
}

// runAll runs with the handles. A nil handle does nothing.
func (r *Replay) runAll(handles []suite.Handle) (time.Duration, error) {
	r.rewind()
	failed := make([]error, len(handles))
	begin := time.Now()
	var running sync.WaitGroup
	for i := range handles {
		running.Go(func() { failed[i] = r.runThread(i, handles[i]) })
	}
	running.Wait()
	return time.Since(begin), errors.Join(failed...)
}

// runThread does the steps of goroutine i.
func (r *Replay) runThread(i int, w suite.Handle) error {
	var failed error
	horizon, told := uint32(0), uint32(0)
	for j := range r.program.threads[i] {
		s := &r.program.threads[i][j]
		if s.at >= told {
			r.tell(i, s.at)
			told = s.at + stride
		}
		if s.at >= horizon {
			r.wait(func() bool { horizon = r.horizon(); return s.at < horizon })
		}
		b := &r.blocks[s.object]
		if b.given.Load() < s.takes {
			r.tell(i, s.at)
			r.wait(func() bool { return b.given.Load() >= s.takes })
		}
		if w != nil {
			failed = cmp.Or(failed, b.check(s))
			b.do(w, s)
		}
		if s.gives {
			b.given.Add(1)
			r.wake()
		}
	}
	r.tell(i, none)
	return failed
}

// tell notes that goroutine i is about to do step at.
func (r *Replay) tell(i int, at uint32) {
	r.next[i].at.Store(at)
	r.wake()
}

// horizon returns the first step that may not be done yet. The goroutine that is behind all others waits
// neither for the horizon nor for an object: all earlier steps are done.
func (r *Replay) horizon() uint32 {
	first := uint32(none)
	for j := range r.next {
		first = min(first, r.next[j].at.Load())
	}
	return first + min(ahead, none-first)
}

// wait waits until other goroutines make done true. It blocks, as the goroutines of a program do that wait
// for each other.
func (r *Replay) wait(done func() bool) {
	if done() {
		return
	}
	r.mu.Lock()
	r.waiting.Add(1) // before done is called again: whoever makes it true from now on sees that this goroutine waits
	for !done() {
		r.changed.Wait()
	}
	r.waiting.Add(-1)
	r.mu.Unlock()
}

// wake makes the waiting goroutines look again.
func (r *Replay) wake() {
	if r.waiting.Load() > 0 {
		r.mu.Lock()
		r.changed.Broadcast()
		r.mu.Unlock()
	}
}

// check returns an error if the block that is about to be freed or resized was overwritten.
func (b *block) check(s *step) error {
	if s.old == 0 && s.op != heaptrace.Free || *(*byte)(b.address) == tag(s.object) {
		return nil
	}
	return fmt.Errorf("trace: object %d at %p was overwritten: two blocks overlap", s.object, b.address)
}

// tag is the first byte of an object's block.
func tag(object uint32) byte { return byte(object) | 1 }

// do does the step.
func (b *block) do(w suite.Handle, s *step) {
	size := int(max(s.size, 1))
	switch s.op {
	case heaptrace.Free:
		w.Release(b.base, b.room)
		b.address, b.base = nil, nil
		return
	case heaptrace.Memalign:
		b.aligned(w, size, uintptr(s.align))
	case heaptrace.Calloc:
		b.room = size
		b.base = suite.Zeroed(w, size)
		b.address = b.base
	case heaptrace.Realloc:
		b.resize(w, size)
	default:
		b.room = size
		b.base = w.Malloc(size)
		b.address = b.base
	}
	*(*byte)(b.address) = tag(s.object)
	touch(b.address, int(s.old), size)
}

// aligned allocates an aligned block. If the handle cannot, it allocates so much more that an aligned block
// fits.
func (b *block) aligned(w suite.Handle, size int, align uintptr) {
	b.room = size
	if own, ok := w.(suite.Aligner); ok {
		b.base = own.Memalign(int(align), size)
		b.address = b.base
		return
	}
	if align > Granule {
		b.room += int(align)
	}
	b.base = w.Malloc(b.room)
	b.address = b.base
	if align > Granule {
		b.address = unsafe.Add(b.base, -uintptr(b.base)&(align-1))
	}
}

// resize changes the size of the block. A block that was aligned on top of the peer is not aligned
// afterwards.
func (b *block) resize(w suite.Handle, size int) {
	if b.address != b.base {
		copy(unsafe.Slice((*byte)(b.base), b.room), unsafe.Slice((*byte)(b.address), b.room-int(uintptr(b.address)-uintptr(b.base))))
	}
	b.base = suite.Resized(w, b.base, b.room, size)
	b.address, b.room = b.base, size
}

// touch writes a byte in each page of the block that begins at old or later.
func touch(address unsafe.Pointer, old, size int) {
	for at := (old + pageSize - 1) &^ (pageSize - 1); at < size; at += pageSize {
		if at > 0 {
			*(*byte)(unsafe.Add(address, at)) = 1
		}
	}
}
