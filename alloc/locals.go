// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"weak"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// locals holds the caches of an Allocator's Locals. Allocator.mu guards it.
//
// A Local's fast paths are neither pinned nor locked, so percpu.Synchronize does not wait for
// them. The Allocator still uses read-copy-update to take a cache away from a Local. First it
// replaces the Local's pointer and puts the cache into leaving. Then a profile of all goroutines
// shows whether a goroutine is still in a fast path of a Local. The cache stays in leaving until
// no goroutine is.
type locals struct {
	open    []*openLocal // open[i].at = i
	count   atomic.Int32 // len(open); read without the lock
	leaving []uintptr    // caches taken away, or of collected Locals; they may still be in use
	spare   []uintptr    // empty caches of closed Locals, for new Locals

	reclaiming interleave.Mutex // held while caches are taken away; locked before Allocator.mu
}

// An openLocal describes a Local that has had a cache.
type openLocal struct {
	cache    uintptr // 0 if the cache was taken away
	at       int     // index in locals.open
	local    weak.Pointer[Local]
	activity uint64 // activity of the cache at the last tick
	known    bool   // activity is valid
}

// all calls f for each cache in open and leaving.
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

// any reports whether open or leaving holds a cache.
func (s *locals) any() bool {
	some := false
	s.all(func(uintptr) { some = true })
	return some
}

// hasLocals reports whether open lists a Local. A Local is listed after its first use.
func (a *Allocator) hasLocals() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.locals.open) > 0
}

// remove removes o from open. If Allocator.Close already removed o, remove does nothing.
func (s *locals) remove(o *openLocal) {
	if o.at >= len(s.open) || s.open[o.at] != o {
		return
	}
	last := len(s.open) - 1
	s.open[o.at] = s.open[last]
	s.open[o.at].at = o.at
	s.open[last] = nil
	s.open = s.open[:last]
	s.count.Add(-1)
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
		s.count.Add(1)
		l.cleanup = runtime.AddCleanup(l, a.dropLocal, l.open)
	}
	l.open.cache, l.open.known = cache, false
	a.budget.Caches.Add(1)
	atomic.StoreUintptr(&l.cache, cache)
	a.wake()
	return nil
}

// closeLocal takes back the cache of a closed Local, drains it and keeps it as a spare.
func (a *Allocator) closeLocal(o *openLocal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.locals.remove(o)
	if o.cache != 0 {
		a.drain(o.cache)
		a.locals.spare = append(a.locals.spare, o.cache)
		o.cache = 0
		a.budget.Caches.Add(-1)
	}
}

// dropLocal takes back the cache of a collected Local. The Local's last operation may still be
// running, because nothing keeps a Local alive until its operation ends. The cache therefore goes
// to leaving.
func (a *Allocator) dropLocal(o *openLocal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.locals.remove(o)
	if o.cache != 0 {
		a.locals.leaving = append(a.locals.leaving, o.cache)
		o.cache = 0
		a.budget.Caches.Add(-1)
		a.wake()
	}
}

// closeLocals takes away the caches of all Locals and frees them. Each Local's next operation
// then takes a slow path and finds that the Allocator is closed. No Local may be in use.
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
	s.count.Store(0)
}

// reclaimLocals takes away the caches of Locals and returns their contents to the depots and the
// large heap. If all is set, it takes all caches. Otherwise it takes the caches that were not
// used since the last tick. A Local that is in a slow path keeps its cache. If a goroutine stays
// in a fast path, the caches stay in leaving until a later call.
func (a *Allocator) reclaimLocals(all bool) {
	s := &a.locals
	s.reclaiming.Lock()
	defer s.reclaiming.Unlock()
	a.mu.Lock()
	for _, o := range s.open {
		if o.cache != 0 && (all || o.idle()) && o.takeAway() {
			s.leaving = append(s.leaving, o.cache)
			o.cache = 0
			a.budget.Caches.Add(-1)
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

// freeSpare frees the spare caches. No Local uses them.
func (s *locals) freeSpare() {
	for _, cache := range s.spare {
		metadata.Free(cache, cacheSize)
	}
	s.spare = nil
}

// idle reports whether the Local was not used since the last call of idle.
func (o *openLocal) idle() bool {
	now := activity(o.cache)
	was, known := o.activity, o.known
	o.activity, o.known = now, true
	return known && was == now
}

// takeAway replaces the Local's cache by the empty cache. It reports false, and changes nothing,
// if the Local is in a slow path.
func (o *openLocal) takeAway() bool {
	l := o.local.Value()
	if l == nil {
		return true // the Local was collected
	}
	if !l.busy.CompareAndSwap(localIdle, localTaking) {
		return false
	}
	atomic.StoreUintptr(&l.cache, emptyCache())
	l.busy.Store(localIdle)
	return true
}

// localsQuiet waits until no goroutine is in a fast path of a Local that it entered before the
// call. It reports false if the wait takes too long: it looks 20 times, about 100 µs apart.
func localsQuiet() bool {
	for range 20 {
		if !inFastPath(goroutineStacks()) {
			return true
		}
		if !interleave.Enabled || !interleave.Pause() {
			time.Sleep(100 * time.Microsecond)
		}
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

// inFastPath reports whether a goroutine is in a fast path of a Local. For each stack, it skips
// the inner frames of the runtime and of functions that fast paths call. The goroutine is in a
// fast path if the next frame is a fast path.
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

// A frameKind describes what a frame on a stack shows about its goroutine.
type frameKind uint8

const (
	otherFrame frameKind = iota // the goroutine is not in a fast path
	innerFrame                  // nothing; the frame of the caller decides
	localFrame                  // the goroutine is in a fast path
)

// fastPaths holds the entry addresses of the functions that use a Local's cache without a lock.
// These functions are never inlined.
var fastPaths = map[uintptr]bool{}

func init() {
	for _, f := range []any{localMallocGo, (*Local).Calloc, localFreeGo, (*Local).takeBatch, (*Local).putBatch} {
		fastPaths[runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Entry()] = true
	}
	if interleave.Enabled { // fast paths call a step, which calls the coroutine's yield
		innerNames = append(innerNames, module+"internal/interleave.", "iter.")
	}
}

// kindOfFrame returns the kind of the frame with the given pc. The pc may be the return address
// of a call, so kindOfFrame looks up pc − 1. This also works for the pc at which a goroutine was
// stopped, because that pc is never the first instruction of its function.
func kindOfFrame(pc uintptr) frameKind {
	f := runtime.FuncForPC(pc - 1)
	switch {
	case f == nil:
		return otherFrame
	case fastPaths[f.Entry()]:
		return localFrame
	}
	for _, inner := range innerNames {
		if strings.HasPrefix(f.Name(), inner) {
			return innerFrame
		}
	}
	return otherFrame
}

// innerNames lists how the names of functions that fast paths call begin. It also lists the
// packages whose functions may run at the point where a goroutine is stopped.
var innerNames = []string{"runtime.", "internal/", "sync/atomic.", module + "alloc.putBatch", module + "alloc.classCache",
	module + "internal/smallheap.", module + "internal/sizeclass.", module + "internal/pagemap.",
	module + "internal/raw.", module + "internal/raceannotate."}

const module = "github.com/ashlar-go/ashlar/"

// classCache returns the class cache of a row, which has blocks of class c, for a slow path. The slow
// path may put magazines into it. classCache panics if it detects that two goroutines used the Local h at the same time:
// one goroutine left a magazine that the other had exchanged. The blocks of the loaded magazine
// are then lost.
func (a *Allocator) classCache(h holder, op operation, cache uintptr, c, row sizeclass.Class) *smallheap.ClassCache {
	usedOf(cache).add(c)
	r := classCacheOf(cache, row)
	if localOf(h) != nil && r.Torn() {
		r.Mend()
		panic(sharedLocal(op))
	}
	return r
}
