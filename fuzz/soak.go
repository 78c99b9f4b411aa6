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

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/metadata"
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

// A soaking is a running soak. Each of its runs has new Allocators, each with a crew of
// workers. They do what the profile says, while one goroutine disturbs them.
type soaking struct {
	soakConfig
	load   *profile
	out    io.Writer
	begun  time.Time
	tally  tally
	runs   int
	opened int    // Allocators
	peak   int64  // of a footprint, in bytes
	faults faults // of all Allocators

	stop atomic.Bool
	mu   sync.Mutex
	bad  error // the first violation
}

// A crew is an Allocator and the workers that use it. The other crews of the run are its
// bystanders: their blocks must keep their contents, whatever happens to this Allocator.
type crew struct {
	*model
	workers []*worker
	visited [sizeclass.Count]int64 // blocks that visitors allocated
}

// tally counts the work of a soak. Workers add to it from time to time.
type tally struct {
	ops, allocs, frees, resizes, sent atomic.Int64
	inBursts                          atomic.Int64 // allocations and frees
	verified                          atomic.Int64 // number of blocks
	bytes                             atomic.Int64 // written and verified
	refused                           atomic.Int64 // for lack of memory, or because of a limit
	faults                            atomic.Int64 // failed kernel calls
	trims, collections, moves, limits atomic.Int64 // moves: changes of GOMAXPROCS
	audits                            atomic.Int64
	doomed                            atomic.Int64 // Allocators that were closed while in use
	bubbles, files, children          atomic.Int64
}

const (
	rounds     = 4               // of a run; an audit follows each
	roundTime  = 5 * time.Second // maximum
	stallTick  = time.Second     // between looks at the number of operations
	stallTicks = 120             // without a finished operation
	minTime    = 20 * time.Millisecond
	maxCrews   = 4
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

// oneRun makes one run, from new Allocators to their Close. One is closed while the workers
// of the others go on.
func (s *soaking) oneRun() error {
	s.runs++
	r := rand.New(rand.NewPCG(s.seed, uint64(s.runs)))
	if err := s.structures(rand.New(rand.NewPCG(s.seed, uint64(s.runs)<<32))); err != nil || s.failed() != nil {
		return err
	}
	before := metadata.InUse()
	crews, err := s.newCrews(r)
	if err != nil {
		return err
	}
	for range rounds {
		if !s.goesOn() {
			break
		}
		s.round(crews, r)
		for _, c := range crews {
			if err := s.audit(c); err != nil {
				return err
			}
		}
	}
	if err := s.endBeside(crews[0], crews[1:], r); err != nil {
		return err
	}
	for _, c := range crews[1:] {
		if err := errors.Join(s.audit(c), s.end(c, r.IntN(2) == 0)); err != nil {
			return err
		}
	}
	if s.failed() != nil {
		return nil
	}
	return collected(func() error { return leakedSince(before) })
}

// newCrews makes the Allocators of a run. Their modes differ: plain, checked, guarded,
// recorded and hardened ones stand side by side, with small and with huge pages.
func (s *soaking) newCrews(r *rand.Rand) (crews []*crew, err error) {
	n := max(1, min(1+r.IntN(maxCrews), s.workers/2))
	for i := range n {
		m, err := s.newModel(r)
		if err != nil {
			return nil, err
		}
		m.moving = true
		c := &crew{model: m}
		c.workers = newWorkers(s, m, r, i, s.workers/n)
		crews = append(crews, c)
		s.opened++
	}
	return crews, nil
}

// newModel makes an Allocator with random options. Huge pages take turns, so that a short soak
// plays them, too.
func (s *soaking) newModel(r *rand.Rand) (*model, error) {
	decay, huge := time.Duration(-1), hugePagesOf(s.opened+1)
	if r.IntN(2) == 0 || huge != alloc.HugePagesOff { // chunks change their pages with age
		decay = 4 * time.Millisecond << r.IntN(6)
	}
	h := 0
	if r.IntN(4) == 0 {
		h = r.IntN(8)
	}
	if s.soakConfig.faults {
		h &^= 4 // bytes lost in spans because of it look like a leak
	}
	return newModel(int(r.Uint32()&0xff), huge, hardeningOf(h), nil, decay)
}

// round lets the workers run for a while and disturbs them.
func (s *soaking) round(crews []*crew, r *rand.Rand) {
	wait := s.start(crews)
	length := max(min(roundTime, s.duration/(2*rounds)), minTime)
	for end := time.Now().Add(length); time.Now().Before(end) && !s.stop.Load() && s.goesOn(); {
		s.disturb(crews[r.IntN(len(crews))], r)
	}
	wait()
	disarm()
	for _, c := range crews {
		c.a.SetLimit(0)
	}
}

// start lets the workers run until the function that it returns is called.
func (s *soaking) start(crews []*crew) (stop func()) {
	s.stop.Store(s.failed() != nil)
	var all sync.WaitGroup
	for _, c := range crews {
		for _, w := range c.workers {
			all.Go(w.work)
		}
	}
	return func() {
		s.stop.Store(true)
		all.Wait()
	}
}

// failed returns the first violation.
func (s *soaking) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bad
}

// audit checks the contents of all blocks of a crew and its Allocator's statistics, while no
// worker runs.
func (s *soaking) audit(c *crew) error {
	if s.failed() != nil {
		return nil
	}
	sum := &runner{model: c.model, alone: !c.aging} // otherwise the purger changes the statistics
	for class, n := range c.visited {
		sum.small[class].allocs += n
	}
	for _, w := range c.workers {
		if err := w.verifyAll(&sum.shadow); err != nil {
			return err
		}
	}
	s.tally.audits.Add(1)
	s.tally.faults.Add(s.faults.fired.Swap(0))
	c.moving = c.aging
	defer func() { c.moving = true }()
	n, err := c.snapshot()
	if err != nil {
		return err
	}
	s.peak = max(s.peak, n.Footprint.Peak)
	return sum.reconcile()
}

// endBeside ends a crew while the workers of the others go on.
func (s *soaking) endBeside(c *crew, others []*crew, r *rand.Rand) error {
	wait := s.start(others)
	defer wait()
	return s.end(c, r.IntN(2) == 0)
}

// end frees everything, or leaves half of it to Close.
func (s *soaking) end(c *crew, all bool) error {
	if s.failed() != nil {
		return nil
	}
	for _, w := range c.workers {
		if err := w.freeAll(all); err != nil {
			return err
		}
		w.local.Close()
	}
	c.moving = c.aging
	if s.procs > 0 {
		// A cleanup queued on a processor waits until that processor exists again
		// (runtime/mcleanup.go, flush).
		runtime.GOMAXPROCS(s.procs)
	}
	if all {
		if err := collected(func() error { return c.emptied(nil) }); err != nil {
			return err
		}
	}
	return c.close(nil)
}

// collected reports what is left after a while. Locals that the garbage collector must
// close keep their blocks until then.
func collected(left func() error) error {
	err := left()
	for i := 0; err != nil && i < 500; i++ { // not until a time: the process may be stopped meanwhile
		runtime.GC()
		time.Sleep(time.Millisecond)
		err = left()
	}
	return err
}
