// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A soakConfig contains the options of a soak.
type soakConfig struct {
	duration   time.Duration
	operations int64 // 0: no limit
	seed       uint64
	profile    string
	workers    int
	procs      int
	faults     bool
	limits     bool
	progress   time.Duration // 0: no progress reports
}

// String returns the command that makes the same choices again.
func (c soakConfig) String() string {
	return fmt.Sprintf("go run ./fuzz -seed %d -profile %s -workers %d -procs %d -faults=%t -limits=%t -operations %d -duration %v",
		c.seed, c.profile, c.workers, c.procs, c.faults, c.limits, c.operations, c.duration)
}

// A soaking is a running soak. Each of its runs has a new Allocator; workers do what the
// profile says, while one goroutine disturbs them.
type soaking struct {
	soakConfig
	load    *profile
	out     io.Writer
	begun   time.Time
	tally   tally
	runs    int
	peak    int64                  // of the footprint, in bytes
	visited [sizeclass.Count]int64 // blocks that visitors allocated in this run

	stop atomic.Bool
	mu   sync.Mutex
	bad  error // the first violation
}

// tally counts the work of a soak. Workers add to it from time to time.
type tally struct {
	ops, allocs, frees, resizes, sent atomic.Int64
	verified                          atomic.Int64 // number of blocks
	bytes                             atomic.Int64 // written and verified
	refused                           atomic.Int64 // for lack of memory, or because of a limit
	faults                            atomic.Int64 // failed kernel calls
	trims, collections, moves, limits atomic.Int64 // moves: changes of GOMAXPROCS
	audits                            atomic.Int64
}

const (
	rounds    = 4               // of a run; an audit follows each
	roundTime = 5 * time.Second // maximum
	stallTime = 2 * time.Minute // without a finished operation
	minTime   = 20 * time.Millisecond
)

// soak runs the load and returns the first violation of what the package documentation
// states.
func soak(c soakConfig, out io.Writer) error {
	p := profileOf(c.profile)
	if p == nil || c.workers < 1 {
		return fmt.Errorf("no profile %q, or %d workers", c.profile, c.workers)
	}
	s := &soaking{soakConfig: c, load: p, out: out, begun: time.Now()}
	if c.progress > 0 {
		fmt.Fprintln(out, c)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	done := make(chan struct{})
	var told sync.WaitGroup
	told.Go(func() { s.tell(done) })
	for s.goesOn() {
		if err := s.oneRun(); err != nil {
			s.violation(err)
		}
	}
	close(done)
	told.Wait()
	if c.progress > 0 {
		s.summary()
	}
	return s.bad
}

// goesOn reports whether there is another run, or another round.
func (s *soaking) goesOn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bad == nil && time.Since(s.begun) < s.duration &&
		(s.operations == 0 || s.tally.ops.Load() < s.operations)
}

// violation ends the soak with an error.
func (s *soaking) violation(err error) {
	spoilt.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bad == nil {
		s.bad = fmt.Errorf("run %d: %w", s.runs, err)
	}
	s.stop.Store(true)
}

// oneRun makes one run, from a new Allocator to its Close.
func (s *soaking) oneRun() error {
	s.runs++
	r := rand.New(rand.NewPCG(s.seed, uint64(s.runs)))
	decay := time.Duration(-1)
	if r.IntN(2) == 0 {
		decay = 4 * time.Millisecond << r.IntN(6)
	}
	h := 0
	if r.IntN(4) == 0 {
		h = r.IntN(8)
	}
	if s.faults {
		h &^= 4 // bytes lost in spans because of it look like a leak
	}
	m, err := newModel(int(r.Uint32()&0xff), hardeningOf(h), nil, decay)
	if err != nil {
		return err
	}
	m.moving = true
	s.visited = [sizeclass.Count]int64{}
	workers := newWorkers(s, m, r)
	for range rounds {
		if !s.goesOn() {
			break
		}
		s.round(m, workers, r)
		if err := s.audit(m, workers); err != nil {
			return err
		}
	}
	return s.end(m, workers, r.IntN(2) == 0)
}

// round lets the workers run for a while and disturbs them.
func (s *soaking) round(m *model, workers []*worker, r *rand.Rand) {
	s.stop.Store(false)
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(w.work)
	}
	length := max(min(roundTime, s.duration/(2*rounds)), minTime)
	for end := time.Now().Add(length); time.Now().Before(end) && !s.stop.Load() && s.goesOn(); {
		s.disturb(m, r)
	}
	s.stop.Store(true)
	all.Wait()
	disarm()
	m.a.SetLimit(0)
}

// audit checks the contents of all blocks and the Allocator's statistics while no worker
// runs.
func (s *soaking) audit(m *model, workers []*worker) error {
	if s.bad != nil {
		return nil
	}
	sum := &runner{model: m, alone: !m.aging} // otherwise the purger changes the statistics
	for c, n := range s.visited {
		sum.small[c].allocs += n
	}
	for _, w := range workers {
		if err := w.verifyAll(&sum.shadow); err != nil {
			return err
		}
	}
	s.tally.audits.Add(1)
	s.tally.faults.Add(m.faults.fired.Swap(0))
	m.moving = m.aging
	defer func() { m.moving = true }()
	n, err := m.snapshot()
	if err != nil {
		return err
	}
	s.peak = max(s.peak, n.Footprint.Peak)
	return sum.reconcile()
}

// end frees everything, or leaves half of it to Close.
func (s *soaking) end(m *model, workers []*worker, all bool) error {
	if s.bad != nil {
		return nil
	}
	for _, w := range workers {
		if err := w.freeAll(all); err != nil {
			return err
		}
		w.local.Close()
	}
	m.moving = m.aging
	if s.procs > 0 {
		// A cleanup queued on a processor waits until that processor exists again
		// (runtime/mcleanup.go, flush).
		runtime.GOMAXPROCS(s.procs)
	}
	if all {
		if err := collected(func() error { return m.empty(nil) }); err != nil {
			return err
		}
	}
	return errors.Join(m.close(nil), collected(m.leaked))
}

// collected reports what is left after a while. Locals that the garbage collector must
// close keep their blocks until then.
func collected(left func() error) error {
	err := left()
	for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); err = left() {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	return err
}
