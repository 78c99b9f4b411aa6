// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// lowmem is what an Allocator does when memory is short. An allocation that fails for lack of
// memory is tried again after each of these steps. Each step costs more than the one before:
//
//	step                                          costs           when
//	OnLimit is called                             what it does    at the limit, while it reports true
//	retained pages and objects go to the kernel,  their number    if there are any
//	those of our processor's large-object cache too
//	depots' magazines go to their spans           tens of µs      at the limit, as often as it pays off
//	all processors' caches go to the depots       hundreds of µs, at the limit, as often as it pays off
//	                                              stops the world
//
// A program may use the limit as the signal to evict something. Its allocations fail all
// day, and the last two steps give back next to nothing each time. So neither step is
// repeated within a decay period, unless it paid off the last time. A step pays off if it
// gives back enough for payoff small requests or one large request of the same size, or a
// good part of the limit.
//
// If the kernel refuses memory, all steps are taken except the last. Taking caches away needs
// some memory on the Go heap, and the Go runtime ends the process if it gets none.
type lowmem struct {
	inOnLimit goroutines
	depots    rarely
	caches    rarely
}

const (
	payoff    = 64
	goodPart  = 16  // the limit divided by this
	maxRounds = 100 // calls of OnLimit for one allocation: one that always reports true ends, too

	// After so many calls the last two steps are taken in any case: what OnLimit freed does
	// not serve this request as it is.
	roundsSmall = 64
	roundsLarge = 16
)

// retry makes room and runs try again, inside the gate, after a first try failed with err. op
// requests size bytes. retry ends when try succeeds, fails for another reason than lack of
// memory, or no step can make more room. try returns the reason alone; retry wraps it in an
// *Error.
func (a *Allocator) retry(op operation, size int, err error, try func() error) error {
	rounds := 0
	tryHard := func() error { return a.makeRoom(size, try(), try) }
	for isLimit(err) && a.nextRound(size, rounds) {
		rounds++
		err = a.inside(tryHard)
	}
	if isLack(err) && rounds == 0 {
		err = a.inside(func() error { return a.makeRoom(size, err, try) })
	}
	if err == nil {
		return nil
	}
	a.warnRefused(size, err)
	return &Error{Op: op.String(), Size: size, Err: err}
}

// nextRound calls OnLimit and reports whether another try makes sense after the given number
// of rounds.
func (a *Allocator) nextRound(size, rounds int) bool {
	if rounds >= maxRounds || !a.callOnLimit(size) {
		return false
	}
	enough := roundsSmall
	if size >= sizeclass.LargeMin {
		enough = roundsLarge
	}
	if (rounds+1)%enough == 0 {
		a.lowmem.again()
	}
	return true
}

// isLimit reports whether err is ErrLimit. The first comparison is for programs that reach the
// limit all the time.
func isLimit(err error) bool { return err == ErrLimit || err != nil && errors.Is(err, ErrLimit) }

func isLack(err error) bool { return isLimit(err) || err != nil && errors.Is(err, ErrOutOfMemory) }

// makeRoom gives unused memory back, step by step, until try succeeds. err is the error of the
// last try.
func (a *Allocator) makeRoom(size int, err error, try func() error) error {
	if !isLack(err) {
		return err
	}
	if a.backend.yield(opTrim) {
		a.lowmem.again()
	}
	if a.purgeForLimit() {
		err = try()
	}
	if !isLimit(err) {
		if isLack(err) {
			a.trimShared()
			err = try()
		}
		return err
	}
	now := clock()
	if a.lowmem.depots.begin(now, a.options.decay()) {
		a.pays(&a.lowmem.depots, size, a.trimShared)
		err = try()
	}
	if isLimit(err) && (a.lowmem.caches.begin(now, a.options.decay()) || size >= sizeclass.LargeMin && a.cachedLarge() >= int64(size)) {
		a.pays(&a.lowmem.caches, size, func() { a.trim() })
		err = try()
	}
	return err
}

// purgeForLimit gives retained memory that counts against the limit back, including large
// objects in the processor's cache. It reports whether there was any.
func (a *Allocator) purgeForLimit() bool {
	before := a.space.Footprint.Now()
	a.dropOwnLarge()
	if a.pages.HasDirty() {
		_, _ = a.pages.Purge(true)
	}
	_, _ = a.large.Purge(true)
	return a.space.Footprint.Now() < before
}

// pays runs a step of makeRoom for a request of size bytes. If the step pays off, it may be
// repeated at once.
func (a *Allocator) pays(r *rarely, size int, step func()) {
	before := a.space.Footprint.Now()
	step()
	enough := int64(size)
	if size < sizeclass.LargeMin {
		enough *= payoff
	}
	if limit := a.space.Limit(); limit > 0 {
		enough = min(enough, limit/goodPart)
	}
	if before-a.space.Footprint.Now() >= enough {
		r.again()
	}
}

// again allows both steps at once.
func (l *lowmem) again() {
	l.depots.again()
	l.caches.again()
}

// callOnLimit calls Options.OnLimit, if set, and reports whether it made room. If the
// goroutine is inside OnLimit already, it does not call it: allocations inside OnLimit fail at
// the limit.
func (a *Allocator) callOnLimit(size int) bool {
	if a.options.OnLimit == nil || !a.lowmem.inOnLimit.enter() {
		return false
	}
	defer a.lowmem.inOnLimit.leave()
	return a.options.OnLimit(size)
}

// rarely limits how often something happens. The zero value allows it at once.
type rarely struct{ next atomic.Int64 } // not before this time of clock

// begin reports whether it may happen at the time now. If so, it may not happen again for the
// time wait. If next is farther away than wait, next comes from another clock, that of a
// testing/synctest bubble, and is ignored.
func (r *rarely) begin(now, wait time.Duration) bool {
	next := r.next.Load()
	return (int64(now) >= next || next-int64(now) > int64(wait)) && r.next.CompareAndSwap(next, int64(now+wait))
}

// again allows it again at once.
func (r *rarely) again() { r.next.Store(math.MinInt64) }

var start = time.Now()

// clock returns a monotonic time.
func clock() time.Duration { return time.Since(start) }

// goroutines is a set of goroutines. Each goroutine enters and leaves for itself alone.
type goroutines struct {
	mu interleave.Mutex
	in []uintptr // few, so that a search is faster than a map
}

// enter adds the calling goroutine. It returns false if the set already contains it.
func (g *goroutines) enter() bool {
	id := goroutine.ID()
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.Contains(g.in, id) {
		return false
	}
	g.in = append(g.in, id)
	return true
}

func (g *goroutines) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	i, last := slices.Index(g.in, goroutine.ID()), len(g.in)-1
	g.in[i] = g.in[last]
	g.in = g.in[:last]
}
