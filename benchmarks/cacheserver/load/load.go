// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Load describes the operations that are sent to a server.
type Load struct {
	Address     string
	Connections int
	Rate        float64       // operations a second on all connections together; 0 sends as many as the window allows
	Window      int           // the most operations of a connection without an answer
	Warmup      time.Duration // the time before operations count
	Duration    time.Duration // the time in which operations count
	Source      func(connection int) Source
}

// An Operation is one command to the server.
type Operation struct {
	Get  bool          // a get; otherwise a set
	Key  uint64        // number of the key
	Size int           // of the value of a set, in bytes
	TTL  time.Duration // of a set; 0 means forever
}

// A Source returns the next operation of a connection, or false when there is none.
type Source func() (Operation, bool)

// A Mix draws gets and sets with Zipf-distributed keys. Low numbers are the most
// frequent.
type Mix struct {
	Keys uint64  // the keyspace
	Gets float64 // the share of gets
	Zipf float64 // the exponent, above 1
	TTL  time.Duration
	Sizes
}

// Source returns the operations of a connection. Values live for half of TTL up to TTL.
func (m Mix) Source(connection int) Source {
	random := rand.New(rand.NewPCG(uint64(connection), 7))
	zipf := rand.NewZipf(random, m.Zipf, 1, m.Keys-1)
	return func() (Operation, bool) {
		o := Operation{Key: zipf.Uint64(), Get: random.Float64() < m.Gets}
		if !o.Get {
			o.Size, o.TTL = m.Draw(random), m.lifetime(random)
		}
		return o, true
	}
}

// Fill returns operations that set each key once, the most frequent one last. Lifetimes are
// as if the keys had been set over the time of TTL.
func (m Mix) Fill(connections int) func(connection int) Source {
	return func(connection int) Source {
		random := rand.New(rand.NewPCG(uint64(connection), 8))
		key := m.Keys - uint64(connection)
		step := uint64(connections)
		return func() (Operation, bool) {
			if key == 0 || key > m.Keys {
				return Operation{}, false
			}
			o := Operation{Key: key - 1, Size: m.Draw(random), TTL: m.lifetime(random)}
			key -= step
			return o, true
		}
	}
}

func (m Mix) lifetime(random *rand.Rand) time.Duration {
	if m.TTL == 0 {
		return 0
	}
	return m.TTL/2 + time.Duration(random.Int64N(int64(m.TTL/2)+1))
}

// Check returns an error if the mix cannot be drawn.
func (m Mix) Check() error {
	if m.Keys < 1 || m.Gets < 0 || m.Gets > 1 || m.Zipf <= 1 || m.TTL < 0 {
		return fmt.Errorf("load: %d keys, %v gets, exponent %v, lifetime %v: want a key at least, a share, an exponent above 1",
			m.Keys, m.Gets, m.Zipf, m.TTL)
	}
	return m.Sizes.Check()
}

// A Result is what was measured of a load while it counted.
type Result struct {
	Gets, Hits, Sets int64
	Refused          int64                   // sets that the server answered with an error
	FirstRefusal     string                  // text of the first such answer
	Seconds          float64                 // from the time at which the first operation was due to the last answer
	Latency          *hdrhistogram.Histogram // nanoseconds
	// Each has the latencies of the operations that were due in each second from Begin on. It
	// is empty if Load.Rate is 0.
	Each  []*hdrhistogram.Histogram
	Begin time.Time // from when on operations counted
}

// Operations returns the number of all operations.
func (r *Result) Operations() int64 { return r.Gets + r.Sets }

// newResult makes a result with room for latencies of up to ten minutes, with three digits.
func newResult() *Result {
	return &Result{Latency: hdrhistogram.New(1, (10 * time.Minute).Nanoseconds(), 3)}
}

func (r *Result) add(other *Result) {
	r.Gets += other.Gets
	r.Hits += other.Hits
	r.Sets += other.Sets
	r.Refused += other.Refused
	if r.FirstRefusal == "" {
		r.FirstRefusal = other.FirstRefusal
	}
	r.Seconds = max(r.Seconds, other.Seconds)
	r.Latency.Merge(other.Latency)
	for i, h := range other.Each {
		r.second(i).Merge(h)
	}
}

// NewHistogram returns an empty histogram, to which those of Each can be added.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1000, time.Minute.Nanoseconds(), 2)
}

// second returns the histogram of the i-th second.
func (r *Result) second(i int) *hdrhistogram.Histogram {
	for len(r.Each) <= i {
		r.Each = append(r.Each, NewHistogram())
	}
	return r.Each[i]
}

// record adds the latency of an operation that was due at the given time from Begin on.
func (r *Result) record(due, latency time.Duration, each bool) {
	_ = r.Latency.RecordValue(latency.Nanoseconds()) // the histogram has room for more than a run takes
	if each {
		_ = r.second(int(due / time.Second)).RecordValue(min(latency, time.Minute).Nanoseconds())
	}
}

// Run loads a server. The error is that of a connection, or says that the server returned a
// value that does not belong to the key.
func (l Load) Run(ctx context.Context) (*Result, error) {
	if l.Connections < 1 || l.Window < 1 || l.Rate < 0 || l.Duration <= 0 || l.Warmup < 0 {
		return nil, errors.New("load: want a connection, a window and a duration at least")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients := make([]*client, l.Connections)
	for i := range clients {
		c, err := dial(ctx, l, i)
		if err != nil {
			return nil, err
		}
		defer c.connection.Close()
		clients[i] = c
	}
	stop := context.AfterFunc(ctx, func() { // ends the clients that wait for the server
		for _, c := range clients {
			_ = c.connection.Close()
		}
	})
	defer stop()
	errs := make([]error, len(clients))
	start := time.Now()
	var running sync.WaitGroup
	for i, c := range clients {
		running.Go(func() {
			if errs[i] = c.run(start); errs[i] != nil {
				cancel()
			}
		})
	}
	running.Wait()
	sum := newResult()
	sum.Begin = start.Add(l.Warmup)
	for _, c := range clients {
		sum.add(c.result)
	}
	return sum, errors.Join(errs...)
}
