// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/interleave"
)

// shardSize is the number of records that a shard holds: about 100 µs of operations.
const shardSize = 1024

// A Recorder takes events from any number of goroutines at once. It writes them in the
// order in which it took them.
//
//	Add ─► shard: records   ┐
//	Add ─► shard: records   ├─► transfer: one goroutine ─► Writer ─► file
//	Add ─► shard: records   ┘
//
// Add numbers each record while it holds the lock of the shard. The writing goroutine
// takes the records of all shards at once, while it holds all their locks. So the numbers
// of the records it takes have no gaps, and are greater than all numbers before:
//
//	{numbers taken} = (written, numbered]
//
// Therefore n records are put in order in n steps. If a shard is full, Add waits until
// its records are taken. If drop is set, Add instead counts the event as dropped.
//
// A Recorder that is made in a bubble of testing/synctest has no goroutine, which would
// belong to the bubble: whoever fills a shard writes. Waiting for room is polling, because
// nobody outside a bubble can wake a goroutine in it.
type Recorder struct {
	start    time.Time
	drop     bool
	numbered atomic.Uint64 // number of records so far
	shards   []shard
	wake     chan struct{} // signalled when a shard is full; nil without a goroutine
	stop     chan struct{}
	stopped  chan struct{}

	writing interleave.Mutex // guards what follows
	writer  *Writer
	written uint64
	taken   [][]record
	ordered []record
	err     error // the first error of the writer
}

// A shard collects records. mu protects all its fields.
type shard struct {
	mu      interleave.Mutex
	records []record // at most shardSize
	dropped uint32
	closed  bool // Add records nothing more
	_       [64]byte
}

type record struct {
	number uint64
	event  Event
}

// NewRecorder writes the header to w and starts the writing goroutine. Use about as many
// shards as processors, so that goroutines seldom wait for the same shard. If drop is
// set, events are dropped when w is too slow; otherwise Add waits for w.
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

// Add sets the time of e and records it in a shard; the best choice is the number of the
// processor. It returns false if the event was not recorded: because it was dropped,
// after Close, or after an error of the file.
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

// ask makes the writing goroutine write soon. If there is none, it writes.
func (r *Recorder) ask() {
	if r.wake == nil {
		r.transfer()
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // it has already been asked
	}
}

func (r *Recorder) run() {
	defer close(r.stopped)
	for {
		select {
		case <-r.wake:
			r.transfer()
		case <-r.stop:
			return
		}
	}
}

// transfer writes the records of all shards.
func (r *Recorder) transfer() {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.move(false)
}

// move does the work of transfer. The caller holds writing. The last call closes the shards, and so
// does one that fails. They stay closed, also if a goroutine that saw a full shard comes later.
func (r *Recorder) move(last bool) {
	for i := range r.shards {
		r.shards[i].mu.Lock()
	}
	numbered := r.numbered.Load()
	for i := range r.shards {
		s := &r.shards[i]
		s.records, r.taken[i] = r.taken[i][:0], s.records
		r.writer.Drop(s.dropped)
		s.dropped = 0
		s.closed = s.closed || last || r.err != nil
		s.mu.Unlock()
	}
	r.order(int(numbered - r.written))
	r.written = numbered
	for i := range r.ordered {
		if r.err = r.writer.Write(&r.ordered[i].event); r.err != nil {
			return // a further attempt would fail, too: the next transfer closes the shards
		}
	}
}

// order sorts the n records that were taken by number.
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

// Close writes the remaining events and the end of the trace. It returns the first error
// of NewWriter or Writer.Write. It must be called once. An event that is added during
// Close may or may not be in the trace.
func (r *Recorder) Close() error {
	if r.wake != nil {
		close(r.stop)
		<-r.stopped
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	r.move(true)
	return r.writer.Close()
}
