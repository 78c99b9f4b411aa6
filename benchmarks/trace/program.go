// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bufio"
	"fmt"
	"io"
	"math"

	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// A Program is a trace that is ready to be replayed.
type Program struct {
	Header  heaptrace.Header
	Objects int // different ones
	Counts  Counts
	threads [][]step
	objects []object
}

// Counts are numbers of a trace's operations.
type Counts struct {
	Events   int
	Ops      [6]int // by heaptrace.Op
	Unknown  int    // frees of objects that were allocated before the trace
	Dropped  uint64 // operations that are missing
	PeakLive int64  // peak of the live bytes, as requested
	MaxLive  int    // peak of the live objects
	Largest  int64  // bytes
	AtEnd    int    // objects that are live at the end
}

// Threads returns how many goroutines the program has.
func (p *Program) Threads() int { return len(p.threads) }

// Steps returns how many operations a run has: those of the trace, of which a resize is one, and the frees
// of the objects that are live at the end.
func (p *Program) Steps() int {
	n := 0
	for _, t := range p.threads {
		n += len(t)
	}
	return n
}

// A step is one operation of a goroutine.
type step struct {
	op     heaptrace.Op // Lift is never one
	gives  bool         // another goroutine has the object next, and is told
	takes  uint32       // another goroutine had it before: wait until it was given so many times
	align  uint32
	object uint32
	at     uint32 // index among all steps
	size   int64  // bytes; of a free, those of the object
	old    int64  // bytes before a resize
}

// An object is what is known about an object while a trace is loaded.
type object struct {
	thread   uint32 // that did the last step with it
	lastStep uint32 // in that thread
	size     int64
	born     int64 // bytes that all goroutines allocated before
	bornAt   uint32
	freed    bool
	given    uint32 // times
}

// A loader makes a Program from events.
type loader struct {
	program   *Program
	survey    *Survey
	threads   map[uint64]uint32
	live      map[uint64]uint32   // objects by address
	lifted    map[uint64][]uint32 // lifted objects by goroutine; the value none stands for an unknown object
	steps     uint32
	bytes     int64 // of live objects
	allocated int64 // bytes so far
}

const none = math.MaxUint32

// Load reads a trace. If the trace is cut off or damaged, Load returns what is good together with the
// error.
func Load(file io.Reader) (*Program, *Survey, error) {
	r, err := heaptrace.NewReader(bufio.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	l := &loader{
		program: &Program{Header: r.Header()},
		survey:  newSurvey(),
		threads: map[uint64]uint32{},
		live:    map[uint64]uint32{},
		lifted:  map[uint64][]uint32{},
	}
	for e, failed := range r.Events() {
		if err = failed; err != nil {
			break
		}
		if l.steps > math.MaxInt32 {
			return nil, nil, fmt.Errorf("trace: more than %d operations", math.MaxInt32)
		}
		l.add(&e)
	}
	l.program.Counts.Dropped = r.Dropped()
	l.end()
	return l.program, l.survey, err
}

func (l *loader) add(e *heaptrace.Event) {
	c := &l.program.Counts
	c.Events++
	c.Ops[e.Op]++
	thread := l.thread(e.Goroutine)
	switch e.Op {
	case heaptrace.Free:
		if o, ok := l.live[e.Addr]; ok {
			l.free(thread, e.Addr, o)
		} else {
			c.Unknown++
		}
		return
	case heaptrace.Lift:
		l.lift(e)
		return
	}
	if o, ok := l.live[e.Addr]; ok { // the trace lacks its free
		l.free(thread, e.Addr, o)
	}
	o := uint32(none)
	if lifted := l.lifted[e.Goroutine]; e.Op == heaptrace.Realloc && len(lifted) > 0 {
		o = lifted[len(lifted)-1]
		l.lifted[e.Goroutine] = lifted[:len(lifted)-1]
	}
	s := step{op: e.Op, align: e.Align, size: e.Size}
	if o == none {
		if s.op == heaptrace.Realloc {
			s.op = heaptrace.Malloc
		}
		o = l.newObject()
	} else {
		s.old = l.program.objects[o].size
		l.survey.died(l, o)
	}
	l.born(o, e.Size)
	l.live[e.Addr] = o
	l.step(thread, o, s)
	c.PeakLive, c.MaxLive, c.Largest = max(c.PeakLive, l.bytes), max(c.MaxLive, len(l.live)), max(c.Largest, e.Size)
}

// thread returns the number of a goroutine.
func (l *loader) thread(goroutine uint64) uint32 {
	t, ok := l.threads[goroutine]
	if !ok {
		t = uint32(len(l.program.threads))
		l.threads[goroutine] = t
		l.program.threads = append(l.program.threads, nil)
	}
	return t
}

func (l *loader) lift(e *heaptrace.Event) {
	o, ok := l.live[e.Addr]
	if !ok {
		o = none
		l.program.Counts.Unknown++
	}
	delete(l.live, e.Addr)
	l.lifted[e.Goroutine] = append(l.lifted[e.Goroutine], o)
}

func (l *loader) newObject() uint32 {
	p := l.program
	p.objects = append(p.objects, object{thread: none})
	p.Objects++
	return uint32(len(p.objects) - 1)
}

// born notes that an object has size bytes from now on.
func (l *loader) born(o uint32, size int64) {
	object := &l.program.objects[o]
	object.size, object.born, object.bornAt = size, l.allocated, l.steps
	l.allocated += size
	l.bytes += size
	l.survey.requested(size)
}

func (l *loader) free(thread uint32, addr uint64, o uint32) {
	delete(l.live, addr)
	l.release(thread, o)
}

// release frees the object. The caller removes it from the table of live objects first.
func (l *loader) release(thread, o uint32) {
	l.survey.died(l, o)
	object := &l.program.objects[o]
	object.freed = true
	l.step(thread, o, step{op: heaptrace.Free, size: object.size})
}

// step adds a step of a thread with an object.
func (l *loader) step(thread, o uint32, s step) {
	object := &l.program.objects[o]
	steps := l.program.threads[thread]
	if before := object.thread; before != none && before != thread {
		object.given++
		s.takes = object.given
		l.program.threads[before][object.lastStep].gives = true
	}
	s.object, s.at = o, l.steps
	object.thread, object.lastStep = thread, uint32(len(steps))
	l.program.threads[thread] = append(steps, s)
	l.steps++
}

// end frees the live objects. The goroutine that had an object last frees it.
func (l *loader) end() {
	for o := range l.program.objects {
		if object := &l.program.objects[o]; !object.freed {
			l.program.Counts.AtEnd++
			l.survey.kept++
			l.release(object.thread, uint32(o))
		}
	}
	l.program.objects = nil
	l.survey.steps = l.steps
}
