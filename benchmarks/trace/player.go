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

// ahead is how many steps a goroutine may be ahead of another one, and stride how many it
// does before it tells how far it is.
const (
	ahead  = 256
	stride = ahead / 4
)

// pageSize is the smallest page of the supported processors: a byte in each is touched.
const pageSize = 4096

// A Player plays a program. It can do so several times, one after the other.
type Player struct {
	program *Program
	blocks  []block
	next    []progress

	mu      sync.Mutex
	changed *sync.Cond   // on mu: an object was given, or a goroutine has told how far it is
	waiting atomic.Int32 // goroutines that wait for it
}

// A block is an object in a play. All but given is of the goroutine whose step it is.
type block struct {
	address unsafe.Pointer
	base    unsafe.Pointer // what the peer gave, where that had to be aligned
	room    int            // bytes asked of the peer
	given   atomic.Uint32  // times that it went from one goroutine to another
}

// progress is the step that a goroutine is about to do, at least. It has a cache line.
type progress struct {
	at atomic.Uint32
	_  [60]byte
}

// NewPlayer makes room for all that a play needs besides the peer's blocks, and touches it.
func NewPlayer(p *Program) *Player {
	l := &Player{program: p, blocks: make([]block, p.Objects), next: make([]progress, len(p.threads))}
	l.changed = sync.NewCond(&l.mu)
	l.rewind()
	return l
}

func (l *Player) rewind() {
	for i := range l.blocks {
		l.blocks[i].address, l.blocks[i].base = nil, nil
		l.blocks[i].given.Store(0)
	}
	for i := range l.next {
		l.next[i].at.Store(0)
	}
}

// Play plays the program with a worker for each goroutine, of which a peer that is not
// shared can have one only. It returns the time from the first step to the last, or that a
// block was not what it was.
func (l *Player) Play(open func() suite.Worker) (time.Duration, error) {
	workers := make([]suite.Worker, len(l.next))
	for i := range workers {
		workers[i] = open()
		defer workers[i].Close()
	}
	return l.run(workers)
}

// Idle goes through the program without allocating anything, and returns how long that
// takes: the part of Play's time that is its own.
func (l *Player) Idle() time.Duration {
	elapsed, _ := l.run(make([]suite.Worker, len(l.next))) // there is no block to be wrong
	return elapsed
}

// run plays with the workers, nil ones of which do nothing.
func (l *Player) run(workers []suite.Worker) (time.Duration, error) {
	l.rewind()
	failed := make([]error, len(workers))
	begin := time.Now()
	var playing sync.WaitGroup
	for i := range workers {
		playing.Go(func() { failed[i] = l.play(i, workers[i]) })
	}
	playing.Wait()
	return time.Since(begin), errors.Join(failed...)
}

// play does the steps of goroutine i.
func (l *Player) play(i int, w suite.Worker) error {
	var failed error
	horizon, told := uint32(0), uint32(0)
	for j := range l.program.threads[i] {
		s := &l.program.threads[i][j]
		if s.at >= told {
			l.tell(i, s.at)
			told = s.at + stride
		}
		if s.at >= horizon {
			l.wait(func() bool { horizon = l.horizon(); return s.at < horizon })
		}
		b := &l.blocks[s.object]
		if b.given.Load() < s.takes {
			l.tell(i, s.at)
			l.wait(func() bool { return b.given.Load() >= s.takes })
		}
		if w != nil {
			failed = cmp.Or(failed, b.check(s))
			b.do(w, s)
		}
		if s.gives {
			b.given.Add(1)
			l.wake()
		}
	}
	l.tell(i, none)
	return failed
}

// tell says that goroutine i is about to do step at.
func (l *Player) tell(i int, at uint32) {
	l.next[i].at.Store(at)
	l.wake()
}

// horizon returns the first step that may not be done yet. The goroutine that is behind
// all others never waits for that to move, nor for an object: what comes before is done.
func (l *Player) horizon() uint32 {
	least := uint32(none)
	for j := range l.next {
		least = min(least, l.next[j].at.Load())
	}
	return least + min(ahead, none-least)
}

// wait waits until done, which others make true. It blocks, as a program's goroutines do
// that wait for each other.
func (l *Player) wait(done func() bool) {
	if done() {
		return
	}
	l.mu.Lock()
	l.waiting.Add(1) // before done is asked again: who makes it true now sees who waits
	for !done() {
		l.changed.Wait()
	}
	l.waiting.Add(-1)
	l.mu.Unlock()
}

// wake has those that wait look again.
func (l *Player) wake() {
	if l.waiting.Load() > 0 {
		l.mu.Lock()
		l.changed.Broadcast()
		l.mu.Unlock()
	}
}

// check returns an error if the block that is about to be freed or resized is not what it was.
func (b *block) check(s *step) error {
	if s.old == 0 && s.op != heaptrace.Free || *(*byte)(b.address) == tag(s.object) {
		return nil
	}
	return fmt.Errorf("trace: object %d at %p was overwritten: two blocks overlap", s.object, b.address)
}

// tag is what the first byte of an object's block is.
func tag(object uint32) byte { return byte(object) | 1 }

// do does the step.
func (b *block) do(w suite.Worker, s *step) {
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

// aligned allocates so much more that an aligned block fits, where the worker's blocks
// may not be aligned so.
func (b *block) aligned(w suite.Worker, size int, align uintptr) {
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

// resize gives the block another size. What was aligned on top of the peer is so no more.
func (b *block) resize(w suite.Worker, size int) {
	if b.address != b.base {
		copy(unsafe.Slice((*byte)(b.base), b.room), unsafe.Slice((*byte)(b.address), b.room-int(uintptr(b.address)-uintptr(b.base))))
	}
	b.base = suite.Resized(w, b.base, b.room, size)
	b.address, b.room = b.base, size
}

// touch writes a byte in each page of the block from old on.
func touch(address unsafe.Pointer, old, size int) {
	for at := (old + pageSize - 1) &^ (pageSize - 1); at < size; at += pageSize {
		if at > 0 {
			*(*byte)(unsafe.Add(address, at)) = 1
		}
	}
}
