// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/metadata"
)

// A purger gives unused memory back with age. It is a goroutine that runs while
// there is any: it ticks a few times a decay, and each tick moves memory one step
// on its way to the kernel.
//
//	caches that did nothing since the last tick  ─► depots    (those of Locals, too)
//	magazines that no cache took since then      ─► spans
//	spans without live blocks                    ─► page heap   (at once)
//	pages that were free at the last tick        ─► kernel
//	large objects retained for long              ─► kernel
//
// It is on duty from the moment that Allocator.awake is set until it takes that
// back:
//
//	who retains memory:  retain it;  if awake is not set, set it and start a purger
//	purger, to rest:     take awake back;  look for retained memory;  if there is
//	                     some and awake is still not set, set it and go on
//
// so that no memory is retained without a purger that will look for it.
type purger struct {
	mu     sync.Mutex     // stop, and starting a goroutine
	stop   chan struct{}  // closed to end the goroutine
	active atomic.Int32   // the goroutine, and one about to end; not while it calls a Logger
	seen   map[int]uint64 // activity of the caches at the last tick, by slot; guarded by Allocator.mu
}

// wake sees to it that the purger runs, if memory is to be given back with age.
// It is called where memory comes to be retained, never on a fast path.
func (a *Allocator) wake() {
	if a.awake.Load() || a.options.Decay < 0 || !a.awake.CompareAndSwap(false, true) {
		return
	}
	p := &a.purger
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.gate.closed.Load() {
		return
	}
	if p.stop == nil {
		p.stop = make(chan struct{})
	}
	stop := p.stop
	p.active.Add(1)
	go func() {
		defer p.active.Add(-1)
		a.purge(stop)
	}()
}

// purge ticks until nothing is left to give back, or stop.
func (a *Allocator) purge(stop <-chan struct{}) {
	ticker := time.NewTicker(a.options.tick())
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		a.tick()
		if a.rest() {
			return
		}
	}
}

// rest ends the purger's work if there is nothing left for it.
func (a *Allocator) rest() bool {
	a.awake.Store(false)
	return !a.retains() || !a.awake.CompareAndSwap(false, true)
}

// tick moves unused memory one step on its way. What the kernel refuses now stays and is
// tried again at the next tick.
func (a *Allocator) tick() {
	err := a.inside(func() error {
		a.detach(a.idleSinceLastTick)
		a.reclaimLocals(false)
		a.age(false)
		_, pages := a.pages.Purge(false)
		_, large := a.large.Purge(false)
		metadata.Purge()
		return errors.Join(pages, large)
	})
	if err != ErrClosed {
		a.purger.active.Add(-1) // Close does not wait for a Logger
		a.warnUnreturned(err)
		a.purger.active.Add(1)
	}
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
	if a.locals.any() {
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
