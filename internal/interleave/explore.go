// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package interleave

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"
)

// A Program is what runs in many orders: threads, at most 8, and a function that is called when all
// have ended and says what is wrong then.
type Program struct {
	Threads []func()
	Check   func() error
}

// Options say how Explore searches.
type Options struct {
	Processors int    // virtual processors; 0: one for each thread
	Runs       int    // orders to draw, after all those with one preemption
	Seed       uint64 // of the orders that are drawn
}

// Outcome is what Explore did.
type Outcome struct {
	Runs  int // orders that ran
	Steps int // of the default order
}

// A Failure is an order in which a program failed.
type Failure struct {
	Order   string // for Replay
	Err     error
	Changes string // where the run changed from one thread to another
}

func (f *Failure) Error() string {
	return fmt.Sprintf("order %q: %v\n%s", f.Order, f.Err, f.Changes)
}

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }

// Explore runs programs in many orders. begin returns the same program anew for each run. It
// ends with the first failure, a *Failure: after that, memory may be damaged.
func Explore(o Options, begin func() *Program) (Outcome, error) {
	s := &search{Options: o, begin: begin, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // see collectAfter
	first, err := s.try(nil)
	if err != nil {
		return s.outcome, err
	}
	s.outcome.Steps = len(first.trace)
	for t := range first.threads {
		if err := s.single(t); err != nil {
			return s.outcome, err
		}
	}
	for range o.Runs {
		if _, err := s.try(s.draw(len(first.trace))); err != nil {
			return s.outcome, err
		}
	}
	return s.outcome, nil
}

// Replay runs a program in the order of a Failure.
func Replay(o Options, failed string, begin func() *Program) error {
	s := &search{Options: o, begin: begin}
	r, err := parse(failed)
	if err == nil {
		_, err = s.try(r)
	}
	return err
}

type search struct {
	Options
	begin   func() *Program
	rng     *rand.Rand
	outcome Outcome
	seen    []seen
}

// seen is an order that ran, and the steps at which its run changed threads after the last
// exception, with that one.
type seen struct {
	order   order
	changes []int
}

// collectAfter is the number of runs after which the garbage is collected. Within a run the collector
// would be one more thread, which closes Locals.
const collectAfter = 200

// tooLong bounds the time of a run. A thread that goes round in circles without a step can only be
// ended with the process.
const tooLong = 10 * time.Second

// try runs a new program in one order.
func (s *search) try(o order) (*run, error) {
	if s.outcome.Runs%collectAfter == 0 {
		runtime.GC()
	}
	s.outcome.Runs++
	p := s.begin()
	processors := s.Processors
	if processors == 0 {
		processors = len(p.Threads)
	}
	hangs := time.AfterFunc(tooLong, func() { panic(fmt.Sprintf("order %q: a thread takes longer than %v without a step", o, tooLong)) })
	defer hangs.Stop()
	r, err := execute(p, processors, o)
	if err != nil {
		return r, &Failure{r.made.String(), err, r.changes()}
	}
	return r, nil
}

// single runs every order that begins with the given thread and has at most one more exception.
func (s *search) single(thread int) error {
	begin := order{{0, thread}}
	first, err := s.try(begin)
	if err != nil {
		return err
	}
	for step, d := range first.trace[1:] {
		for others := d.runnable &^ (1 << d.chosen); others != 0; others &= others - 1 {
			o := order{begin[0], {1 + step, bits.TrailingZeros8(others)}}
			r, err := s.try(o)
			if err != nil {
				return err
			}
			s.seen = append(s.seen, seen{o, r.changesAfter(step)})
		}
	}
	return nil
}

// draw returns an order that has one or two exceptions more than one that ran. The first of them
// follows a change of threads in that run, because the windows of many faults begin there. n is
// the length of a run.
func (s *search) draw(n int) order {
	if len(s.seen) == 0 {
		return nil // no step of any order has a choice
	}
	from := s.seen[s.rng.IntN(len(s.seen))]
	o := from.order[:len(from.order):len(from.order)]
	at := from.changes[s.rng.IntN(len(from.changes))]
	for range 1 + s.rng.IntN(2) {
		at += 1 + s.rng.IntN(1<<s.rng.IntN(bits.Len(uint(n))))
		o = append(o, exception{at, -1})
	}
	return o
}
