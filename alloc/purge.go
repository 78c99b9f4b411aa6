// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/metadata"
)

// A purger gives unused memory back with age. While there is any, a timer ticks a few
// times a decay, and each tick moves memory one step on its way to the kernel.
//
//	caches that did nothing since the last tick  ─► taken away
//	caches that were taken away at the last tick ─► depots
//	those of Locals that did nothing since then  ─► depots    (at once)
//	magazines that no cache took since then      ─► spans
//	spans without live blocks                    ─► page heap   (at once)
//	pages that were free at the last tick        ─► kernel
//	large objects retained for long              ─► kernel
//
// It is on duty from the moment that Allocator.awake is set until it takes that
// back:
//
//	who retains memory:  retain it;  if awake is not set, set it and start the timer
//	purger, to rest:     take awake back;  look for retained memory;  if there is
//	                     some and awake is still not set, set it and go on
//
// so that no memory is retained without a purger that will look for it.
//
// The purger belongs to no caller: there is no goroutine between two ticks, which tests
// for leaks would find, and the timer is never made or set in a bubble of
// testing/synctest. What is retained in a bubble waits until somebody outside it retains
// something.
type purger struct {
	mu      sync.Mutex     // guards timer and stopped
	timer   *time.Timer    // runs Allocator.tick; nil before the first
	stopped bool           // there are no more ticks
	active  atomic.Int32   // ticks under way; not while they call a Logger
	seen    map[int]uint64 // activity of the caches at the last tick, by slot; guarded by Allocator.mu
}

// wake starts the purger if memory is to be given back with age. Callers have just retained
// memory. Fast paths never call it.
func (a *Allocator) wake() {
	if a.awake.Load() || a.options.Decay < 0 || goroutine.InBubble() || !a.awake.CompareAndSwap(false, true) {
		return
	}
	a.startTimer()
}

// startTimer schedules the next tick. The caller is not in a bubble.
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

// tick gives some memory back, and sees to the next tick if there is more. The timer runs
// it on a goroutine of its own.
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
	}
}

// enter reports whether a tick may go on.
func (p *purger) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	p.active.Add(1)
	return true
}

// stop ends ticking, and waits for a running tick.
func (p *purger) stop() {
	p.mu.Lock()
	p.stopped = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	await(func() bool { return p.active.Load() == 0 })
}

// rest ends the purger's work if there is nothing left for it.
func (a *Allocator) rest() bool {
	a.awake.Store(false)
	return !a.retains() || !a.awake.CompareAndSwap(false, true)
}

// ageAll moves unused memory one step on its way. What the kernel refuses now stays and is
// tried again at the next tick.
func (a *Allocator) ageAll() error {
	a.detachIdle()
	a.reclaimLocals(false)
	a.age(false)
	_, pages := a.pages.Purge(false)
	_, large := a.large.Purge(false)
	metadata.Purge()
	return errors.Join(pages, large)
}

// idleSinceLastTick reports whether a cache has not been used between the last
// tick and this.
func (a *Allocator) idleSinceLastTick(id int, cache uintptr) bool {
	if a.purger.seen == nil {
		a.purger.seen = map[int]uint64{}
	}
	now := activity(cache)
	before, known := a.purger.seen[id]
	a.purger.seen[id] = now
	return known && before == now
}

// activity is a number that changes when a cache is used: an allocation counts,
// a free moves the top of a loaded magazine.
func activity(cache uintptr) uint64 {
	var sum uint64
	for c := range usedOf(cache).all() {
		sum = sum*31 + classCacheOf(cache, c).Activity()
	}
	l := largeCacheOf(cache)
	return sum*31 + uint64(3*atomic.LoadUintptr(&l.served)+atomic.LoadUintptr(&l.n))
}

// retains reports whether there is memory that later ticks could give back.
func (a *Allocator) retains() bool {
	if a.pages.Stats().Dirty > 0 || a.large.HasPurgeable() {
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
		if a.depots[c].HasMagazines(keep) {
			return true
		}
	}
	return false
}
