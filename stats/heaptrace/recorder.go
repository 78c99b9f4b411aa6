// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/goroutine"
)

// shardSize is how many records a shard holds: those of about 100 µs.
const shardSize = 1024

// A Recorder takes events from any number of goroutines at once and writes them, in the
// order in which it took them.
//
//	Add ─► shard: records   ┐
//	Add ─► shard: records   ├─► transfer: one goroutine ─► Writer ─► file
//	Add ─► shard: records   ┘
//
// Each record has a number, drawn under its shard's lock. Writing takes all shards'
// records at once, under all their locks. So the numbers of what it takes have no gap,
// and all are greater than those before:
//
//	{numbers taken} = (written, numbered]
//
// and to put n records in order takes n steps. Who adds to a full shard waits until
// its records were taken; with drop, the event is counted instead.
//
// A Recorder that is made in a bubble of testing/synctest has no goroutine, which would
// belong to the bubble: whoever fills a shard transfers. Waiting for room is polling,
// because nobody outside a bubble can wake a goroutine in it.
type Recorder struct {
	start    time.Time
	drop     bool
	numbered atomic.Uint64 // records so far
	shards   []shard
	wake     chan struct{} // a shard is full; nil without a goroutine
	stop     chan struct{}
	stopped  chan struct{}

	writing sync.Mutex // guards what follows
	writer  *Writer
	written uint64
	taken   [][]record
	ordered []record
	err     error // the writer's
}

// A shard is where events are put. mu guards all of it.
type shard struct {
	mu      sync.Mutex
	records []record // at most shardSize
	dropped uint32
	closed  bool // no more records are wanted
	_       [64]byte
}

type record struct {
	number uint64
	event  Event
}

// NewRecorder writes the header to w and starts to write what is added. With so many
// shards, that many processors seldom wait for each other. With drop, events that
// come faster than w takes them are dropped; otherwise Add waits.
func NewRecorder(w io.Writer, h Header, shards int, drop bool) (*Recorder, error) {
	start := time.Now()
	if h.Start.IsZero() {
		h.Start = start
	}
	writer, err := NewWriter(w, h)
	if err != nil {
		return nil, err
	}
	r := &Recorder{start: start, drop: drop, shards: make([]shard, max(shards, 1)), writer: writer}
	r.taken = make([][]record, len(r.shards))
	for i := range r.shards {
		s := &r.shards[i]
		s.records = make([]record, 0, shardSize)
		r.taken[i] = make([]record, 0, shardSize)
	}
	if !goroutine.InBubble() {
		r.wake, r.stop, r.stopped = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
		go r.run()
	}
	return r, nil
}

// Add records e, whose Time it sets, through a shard: best the number of the processor.
// It reports false if the event was not recorded: dropped, after Close, or after the
// file refused something.
func (r *Recorder) Add(shard int, e Event) bool {
	s := &r.shards[uint(shard)%uint(len(r.shards))]
	s.mu.Lock()
	for i := 0; len(s.records) == shardSize && !s.closed && !r.drop; i++ {
		s.mu.Unlock()
		r.ask()
		pause(i)
		s.mu.Lock()
	}
	if s.closed || len(s.records) == shardSize {
		s.dropped++
		s.mu.Unlock()
		return false
	}
	e.Time = time.Since(r.start)
	s.records = append(s.records, record{r.numbered.Add(1), e})
	full := len(s.records) == shardSize
	s.mu.Unlock()
	if full {
		r.ask()
	}
	return true
}

// pause lets others run, for the i-th time in a row.
func pause(i int) {
	const spins = 1000
	if i < spins {
		runtime.Gosched()
	} else {
		time.Sleep(50 * time.Microsecond)
	}
}

// ask has the records written soon.
func (r *Recorder) ask() {
	if r.wake == nil {
		r.transfer(false)
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // it has been asked for
	}
}

func (r *Recorder) run() {
	defer close(r.stopped)
	for {
		select {
		case <-r.wake:
			r.transfer(false)
		case <-r.stop:
			return
		}
	}
}

// transfer writes what the shards have. The last one, and one that fails, closes them.
func (r *Recorder) transfer(last bool) {
	r.writing.Lock()
	defer r.writing.Unlock()
	for i := range r.shards {
		r.shards[i].mu.Lock()
	}
	numbered := r.numbered.Load()
	for i := range r.shards {
		s := &r.shards[i]
		s.records, r.taken[i] = r.taken[i][:0], s.records
		r.writer.Drop(s.dropped)
		s.dropped = 0
		s.closed = last || r.err != nil
		s.mu.Unlock()
	}
	r.order(int(numbered - r.written))
	r.written = numbered
	for i := range r.ordered {
		if r.err = r.writer.Write(&r.ordered[i].event); r.err != nil {
			return // it will not do better: the next transfer closes the shards
		}
	}
}

// order puts the n records that were taken in order.
func (r *Recorder) order(n int) {
	if cap(r.ordered) < n {
		r.ordered = make([]record, len(r.shards)*shardSize)
	}
	r.ordered = r.ordered[:n]
	for _, records := range r.taken {
		for i := range records {
			r.ordered[records[i].number-r.written-1] = records[i]
		}
	}
}

// Close writes what is left and the end of the trace, and returns the first error that
// there was, as NewWriter and Writer.Write have it. It must be called once. What is
// added meanwhile may be in the trace or not.
func (r *Recorder) Close() error {
	if r.wake != nil {
		close(r.stop)
		<-r.stopped
	}
	r.transfer(true)
	return r.writer.Close()
}
