// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// locals are the caches of an Allocator's Locals. Allocator.mu guards them.
//
// A Local's fast paths are neither pinned nor locked, so percpu.Synchronize says nothing
// about them. Taking a cache away from a Local is read-copy-update all the same: the
// Local's pointer is replaced, then a profile of all goroutines shows whether one is
// within a fast path of a Local still. Until none is, the cache waits in leaving.
type locals struct {
	open    []*openLocal // open[i].at = i
	leaving []uintptr    // taken away, or of a Local that was collected, and perhaps still in use
	spare   []uintptr    // of closed Locals: empty, for the next ones

	reclaiming sync.Mutex // held to take caches away; taken before Allocator.mu
}

// An openLocal describes a Local that has had a cache.
type openLocal struct {
	cache    uintptr // 0: it was taken away
	at       int
	local    weak.Pointer[Local]
	activity uint64 // of the cache, at the last tick
	known    bool   // activity is
}

// all calls f for each cache.
func (s *locals) all(f func(cache uintptr)) {
	for _, o := range s.open {
		if o.cache != 0 {
			f(o.cache)
		}
	}
	for _, cache := range s.leaving {
		f(cache)
	}
}

// any reports whether there is a cache.
func (s *locals) any() bool {
	some := false
	s.all(func(uintptr) { some = true })
	return some
}

// hasLocals reports whether there is a Local that has been used.
func (a *Allocator) hasLocals() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.locals.open) > 0
}

// remove takes o off the list, unless Allocator.Close did.
func (s *locals) remove(o *openLocal) {
	if o.at >= len(s.open) || s.open[o.at] != o {
		return
	}
	last := len(s.open) - 1
	s.open[o.at] = s.open[last]
	s.open[o.at].at = o.at
	s.open[last] = nil
	s.open = s.open[:last]
}

// openLocal gives a Local a cache.
func (a *Allocator) openLocal(l *Local) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gate.closed.Load() {
		return ErrClosed
	}
	s := &a.locals
	var cache uintptr
	if n := len(s.spare); n > 0 {
		cache, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		var err error
		if cache, err = newCache(); err != nil {
			return err
		}
	}
	if l.open == nil {
		l.open = &openLocal{at: len(s.open), local: weak.Make(l)}
		s.open = append(s.open, l.open)
		l.cleanup = runtime.AddCleanup(l, a.dropLocal, l.open)
	}
	l.open.cache, l.open.known = cache, false
	atomic.StoreUintptr(&l.cache, cache)
	a.wake()
	return nil
}

// closeLocal takes back the cache of a closed Local.
func (a *Allocator) closeLocal(o *openLocal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.locals.remove(o)
	if o.cache != 0 {
		a.drain(o.cache)
		a.locals.spare = append(a.locals.spare, o.cache)
		o.cache = 0
	}
}

// dropLocal takes the cache of a Local that was collected. Its last operation may be under
// way: nothing keeps a Local alive until the end of it.
func (a *Allocator) dropLocal(o *openLocal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.locals.remove(o)
	if o.cache != 0 {
		a.locals.leaving = append(a.locals.leaving, o.cache)
		o.cache = 0
		a.wake()
	}
}

// closeLocals takes the caches of all Locals, so that their next operation learns that the
// Allocator is closed. None is in use.
func (a *Allocator) closeLocals() {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &a.locals
	for _, o := range s.open {
		if l := o.local.Value(); l != nil {
			atomic.StoreUintptr(&l.cache, emptyCache())
		}
	}
	s.all(func(cache uintptr) {
		a.drain(cache)
		metadata.Free(cache, cacheSize)
	})
	for _, o := range s.open {
		o.cache = 0
	}
	s.freeSpare()
	s.open, s.leaving = nil, nil
}

// reclaimLocals takes away the caches of Locals, all or those that were not used since the
// last tick, and returns what is in them. What is in use now stays.
func (a *Allocator) reclaimLocals(all bool) {
	s := &a.locals
	s.reclaiming.Lock()
	defer s.reclaiming.Unlock()
	a.mu.Lock()
	for _, o := range s.open {
		if o.cache != 0 && (all || o.idle()) && o.takeAway() {
			s.leaving = append(s.leaving, o.cache)
			o.cache = 0
		}
	}
	some := len(s.leaving) > 0 || all && len(s.spare) > 0
	a.mu.Unlock()
	if !some || !localsQuiet() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, cache := range s.leaving {
		a.drain(cache)
		metadata.Free(cache, cacheSize)
	}
	s.freeSpare()
	s.leaving = nil
}

// freeSpare frees the spare caches, which nobody uses.
func (s *locals) freeSpare() {
	for _, cache := range s.spare {
		metadata.Free(cache, cacheSize)
	}
	s.spare = nil
}

// idle reports whether the Local has not been used since the last call.
func (o *openLocal) idle() bool {
	now := activity(o.cache)
	was, known := o.activity, o.known
	o.activity, o.known = now, true
	return known && was == now
}

// takeAway makes the Local's next operation find no cache. It reports false if the Local is
// in a slow path.
func (o *openLocal) takeAway() bool {
	l := o.local.Value()
	if l == nil {
		return true // nobody has it
	}
	if !l.busy.CompareAndSwap(localIdle, localTaking) {
		return false
	}
	atomic.StoreUintptr(&l.cache, emptyCache())
	l.busy.Store(localIdle)
	return true
}

// localsQuiet returns when no goroutine is within a fast path of a Local any more that it
// entered before the call. It reports false if that takes long.
func localsQuiet() bool {
	for range 20 {
		if !inFastPath(goroutineStacks()) {
			return true
		}
		time.Sleep(100 * time.Microsecond)
	}
	return false
}

// goroutineStacks returns the stacks of all goroutines at one moment.
func goroutineStacks() []runtime.StackRecord {
	n := runtime.NumGoroutine()
	for {
		all := make([]runtime.StackRecord, n+n/8+10)
		n, ok := runtime.GoroutineProfile(all)
		if ok {
			return all[:n]
		}
	}
}

// inFastPath reports whether a goroutine is within a fast path of a Local: the innermost
// function on its stack that is neither the runtime's nor one that fast paths call is such
// a path.
func inFastPath(all []runtime.StackRecord) bool {
	known := map[uintptr]frameKind{}
	for i := range all {
		for _, pc := range all[i].Stack() {
			kind, ok := known[pc]
			if !ok {
				kind = kindOfFrame(pc)
				known[pc] = kind
			}
			if kind == localFrame {
				return true
			}
			if kind == otherFrame {
				break
			}
		}
	}
	return false
}

// A frameKind says what a frame on a stack tells of the goroutine.
type frameKind uint8

const (
	otherFrame frameKind = iota // that it is not in a fast path
	innerFrame                  // nothing: look at who calls it
	localFrame                  // that it is in a fast path
)

// fastPaths are the entries of the functions that use a Local's cache without a lock. They
// are never inlined.
var fastPaths = map[uintptr]bool{}

func init() {
	for _, f := range []any{(*Local).Malloc, (*Local).Calloc, (*Local).Free} {
		fastPaths[runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Entry()] = true
	}
}

// kindOfFrame returns the kind of the frame with a pc, which may be that of a call's return.
func kindOfFrame(pc uintptr) frameKind {
	f := runtime.FuncForPC(pc - 1) // of a call: that is its own; of where it was stopped: never the first instruction's
	switch {
	case f == nil:
		return otherFrame
	case fastPaths[f.Entry()]:
		return localFrame
	}
	for _, inner := range innerPackages {
		if strings.HasPrefix(f.Name(), inner) {
			return innerFrame
		}
	}
	return otherFrame
}

// innerPackages are those whose functions fast paths call, or that run where a goroutine was
// stopped.
var innerPackages = []string{"runtime.", "internal/", "sync/atomic.",
	module + "smallheap.", module + "sizeclass.", module + "pagemap.", module + "raw.", module + "raceannotate."}

const module = "github.com/ashlar-go/ashlar/internal/"

// maxLocalBytes bounds the bytes of the blocks that a Local has cached.
const maxLocalBytes = 4 << 20

// bound keeps the cached bytes of the Local within maxLocalBytes after it got magazines of
// class c. Other classes give up their magazines in turn.
func (l *Local) bound(c sizeclass.Class) {
	if l.cache == emptyCache() {
		return
	}
	used := usedOf(l.cache)
	held := 0
	for other := range used.all() {
		held += maxBytes(other)
	}
	for held > maxLocalBytes {
		l.victim = (l.victim + 1) % sizeclass.Count
		if l.victim != c && used.has(l.victim) {
			l.a.drainClass(l.cache, l.victim)
			held -= maxBytes(l.victim)
		}
	}
}

// maxBytes returns the bytes of the blocks in two magazines of class c.
func maxBytes(c sizeclass.Class) int { return 2 * int(smallheap.Capacity(c)) * c.Size() }

// classCache returns the class cache of class c for a slow path, which may bring magazines
// to it. It panics if h is a Local that two goroutines have used at once: one has left a
// magazine that the other has exchanged. What was in the loaded one is lost.
func (a *Allocator) classCache(h holder, op operation, cache uintptr, c sizeclass.Class) *smallheap.ClassCache {
	usedOf(cache).add(c)
	r := classCacheOf(cache, c)
	if localOf(h) != nil && r.Torn() {
		r.Mend()
		panic(sharedLocal(op))
	}
	return r
}
