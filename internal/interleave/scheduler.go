// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package interleave

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// maxSteps bounds a run. A run that is longer goes round in circles.
const maxSteps = 100_000

// A decision is what the scheduler chose at a step.
type decision struct {
	chosen   uint8
	runnable uint8 // a bit for each thread that could have been chosen
	at       place // where the chosen thread had stopped
}

// A run is one execution of a program in one order.
type run struct {
	threads []*thread
	rest    order // exceptions that lie ahead
	made    order // exceptions that were made
	trace   []decision
}

// execute runs the program in the given order. It returns what was decided at each step, and the
// failure of a thread, a deadlock, or what the program's Check found.
func execute(p *Program, processors int, o order) (*run, error) {
	r := &run{rest: o}
	for i, f := range p.Threads {
		r.threads = append(r.threads, newThread(f, i%processors))
	}
	current := 0
	for len(r.trace) < maxSteps {
		next := r.choose(current)
		if next < 0 {
			return r, r.end(p)
		}
		current = next
		t := r.threads[current]
		if !t.resume() {
			t.ended = true
			if t.failure != nil {
				return r, fmt.Errorf("thread %d: %w", current, t.failure)
			}
		}
	}
	return r, errors.New("the threads go round in circles")
}

// choose decides which thread runs at the next step, after current. It returns −1 if none can.
func (r *run) choose(current int) int {
	n := len(r.threads)
	able, willing := uint8(0), uint8(0) // willing: and not paused
	for i, t := range r.threads {
		if t.runnable() {
			able |= 1 << i
			if !t.paused {
				willing |= 1 << i
			}
		}
		t.paused = false
	}
	if willing == 0 {
		willing = able
	}
	if willing == 0 {
		return -1
	}
	next := current
	for willing>>next&1 == 0 {
		next = (next + 1) % n
	}
	step := len(r.trace)
	if len(r.rest) > 0 && r.rest[0].step <= step {
		if other := r.rest[0].of(next, n); other != next && willing>>other&1 != 0 {
			next = other
			r.made = append(r.made, exception{step, next})
		}
		r.rest = r.rest[1:]
	}
	r.trace = append(r.trace, decision{uint8(next), willing, r.threads[next].at})
	return next
}

// end returns the failure of a run in which no thread can continue.
func (r *run) end(p *Program) error {
	var waiting []string
	for i, t := range r.threads {
		if !t.ended {
			waiting = append(waiting, fmt.Sprintf("thread %d waits in %s", i, t.at))
		}
	}
	if waiting != nil {
		return errors.New("deadlock: " + strings.Join(waiting, ", "))
	}
	return safely(p.Check)
}

// String returns the functions of the place, from the outermost to the innermost.
func (p place) String() string {
	var s []string
	frames := runtime.CallersFrames(p[:])
	for {
		f, more := frames.Next()
		if name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]; name != "" && len(s) < 3 && !strings.HasPrefix(name, "interleave.") {
			s = append([]string{fmt.Sprintf("%s:%d", name, f.Line)}, s...)
		}
		if !more {
			return strings.Join(s, " ► ")
		}
	}
}

// changesAfter returns the steps, from the given one on, at which the run changed threads.
func (r *run) changesAfter(step int) (at []int) {
	for i := max(step, 1); i < len(r.trace); i++ {
		if r.trace[i].chosen != r.trace[i-1].chosen {
			at = append(at, i)
		}
	}
	return at
}

// changes describes where the run changed from one thread to another, the last ones only.
func (r *run) changes() string {
	const last = 12
	var s []string
	for i, d := range r.trace {
		if i == 0 || d.chosen != r.trace[i-1].chosen {
			s = append(s, fmt.Sprintf("\tstep %4d: thread %d continues after %s", i, d.chosen, d.at))
		}
	}
	return strings.Join(s[max(0, len(s)-last):], "\n")
}
