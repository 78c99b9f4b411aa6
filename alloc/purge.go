// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
)

// A purger returns memory to the kernel after the memory was unused for some time. While the
// Allocator retains unused memory, a timer ticks a few times per Options.Decay. Each tick moves
// unused memory one step towards the kernel.
//
//	caches that did nothing since the last tick  ─► taken away
//	caches that were taken away at the last tick ─► depots
//	Locals' caches that did nothing since then   ─► depots    (at once)
//	magazines that no cache took since then      ─► spans
//	spans without live blocks                    ─► page heap   (at once)
//	idle pages inside spans, a tick after blocks
//	  were carved from the span                  ─► kernel
//	pages that were free at the last tick        ─► kernel
//	chunks that were dense or sparse for long    ─► huge or small pages (Options.HugePages)
//	large objects retained for long              ─► kernel
//
// The purger is active while Allocator.awake is set. It starts and stops as follows:
//
//	retaining memory:    retain it;  if awake is not set, set it and start the timer
//	purger, to rest:     clear awake;  look for retained memory;  if there is
//	                     some and awake is still not set, set it and go on
//
// Therefore an active purger exists whenever memory is retained.
//
// The purger belongs to no caller. It has no goroutine between two ticks, so goroutine leak
// tests do not find one. The Allocator never creates or sets the timer in a bubble of
// testing/synctest. Memory that is retained in a bubble stays until a goroutine outside the
// bubble retains memory.
type purger struct {
	mu      interleave.Mutex // guards timer and stopped
	timer   *time.Timer      // runs Allocator.tick; nil before the first start
	stopped bool             // no more ticks may run
	active  atomic.Int32     // number of running ticks, except those that are calling a Logger
	seen    map[int]uint64   // activity of the caches at the last tick, by slot; guarded by Allocator.mu
}

// wake starts the purger if it is not active. It does nothing if Options.Decay is negative or if
// the caller is in a bubble. Callers call wake after they retained memory. Fast paths never call
// it.
func (a *Allocator) wake() {
	if a.awake.Load() || a.options.Decay < 0 || goroutine.InBubble() || !a.awake.CompareAndSwap(false, true) {
		return
	}
	a.startTimer()
}

// startTimer schedules the next tick. The caller must not be in a bubble.
func (a *Allocator) startTimer() {
	p := &a.purger
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopped:
	case p.timer == nil:
		p.timer = time.AfterFunc(a.options.tick(), a.tick)
	default:
		p.timer.Reset(a.options.tick())
	}
}

// tick moves unused memory one step towards the kernel. If more memory is retained, it schedules
// the next tick. The timer runs tick on its own goroutine.
func (a *Allocator) tick() {
	p := &a.purger
	if !p.enter() {
		return
	}
	rested := true
	err := a.inside(func() error {
		err := a.ageAll()
		rested = a.rest()
		return err
	})
	if !rested {
		a.startTimer()
	}
	p.active.Add(-1) // Close does not wait for a Logger
	if err != ErrClosed {
		a.warnUnreturned(err)
		a.warnNoHugePages()
	}
}

// enter reports whether a tick may run. If so, it counts the tick as running.
func (p *purger) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	p.active.Add(1)
	return true
}

// stop prevents further ticks and waits for running ticks.
func (p *purger) stop() {
	p.mu.Lock()
	p.stopped = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	await(func() bool { return p.active.Load() == 0 })
}

// rest makes the purger inactive if no memory is retained. It reports whether the caller need not
// schedule the next tick.
func (a *Allocator) rest() bool {
	a.awake.Store(false)
	return !a.retains() || !a.awake.CompareAndSwap(false, true)
}

// ageAll moves unused memory one step towards the kernel. If the kernel refuses to take some
// memory, that memory stays retained, and the next tick tries again.
func (a *Allocator) ageAll() error {
	a.detachIdle()
	a.reclaimLocals(false)
	spans := a.age(false)
	_, pages := a.pages.Purge(false)
	_, large := a.large.Purge(false)
	metadata.Purge()
	return errors.Join(spans, pages, large)
}

// idleSinceLastTick reports whether the cache of slot id was not used between the last tick and
// this tick.
func (a *Allocator) idleSinceLastTick(id int, cache uintptr) bool {
	if a.purger.seen == nil {
		a.purger.seen = map[int]uint64{}
	}
	now := activity(cache)
	before, known := a.purger.seen[id]
	a.purger.seen[id] = now
	return known && before == now
}

// activity returns a number that changes when a cache is used. An allocation changes a count. A
// free moves the top of a loaded magazine.
func activity(cache uintptr) uint64 {
	var sum uint64
	for c := range usedOf(cache).all() {
		for r := range classCachesOf(cache, c) {
			sum = sum*31 + r.Activity()
		}
	}
	l := largeCacheOf(cache)
	return sum*31 + uint64(3*atomic.LoadUintptr(&l.served)+atomic.LoadUintptr(&l.n))
}

// retains reports whether the Allocator retains memory that later ticks can return, or chunks that
// later ticks can give other pages.
func (a *Allocator) retains() bool {
	if a.pages.MaySettle() || a.large.HasPurgeable() {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range int(a.tableLen) {
		if *entryOf(a.table, id) != emptyCache() {
			return true
		}
	}
	if len(a.leaving) > 0 || a.locals.any() {
		return true
	}
	keep := len(a.locals.open) > 0
	for c := range a.depots {
		if a.depots[c].HasUnused(keep) {
			return true
		}
	}
	return false
}
