// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/percpu"
)

// TestTwinsOfRoutes is TestTwins of an Allocator whose processor has no route, and of the functions
// for a runtime whose m.p is elsewhere.
func TestTwinsOfRoutes(t *testing.T) {
	for name, prepare := range map[string]func(a *Allocator, w *twins){
		"no routes": func(a *Allocator, _ *twins) { occupy(a) },
		"m.p elsewhere": func(a *Allocator, w *twins) {
			_, _, mallocCode, freeCode, _, _ := fastEntries()
			w.assembly = sideOf(a, functionAt[mallocFunc[Allocator]](&mallocCode), functionAt[freeFunc[Allocator]](&freeCode))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, other := open(t, Options{Decay: -1, ProfileRate: 100_000}), open(t, still)
			foreign := alloc(t, other, 100)
			w := allocatorTwins(t, a)
			prepare(a, w)
			w.compare(foreign)
		})
	}
}

// occupy gives all places of routes to processors that do not exist. The Allocator is unused.
func occupy(a *Allocator) {
	a.init()
	for i := range a.routes {
		a.routes[i] = route{processor: uintptr(len(a.routes)+i) << routeShift, cache: emptyCache()}
	}
}

// TestRoutes: a processor's route leads to the cache that the table has for it, also while caches
// come and go and the number of processors changes.
func TestRoutes(t *testing.T) {
	if processorField == 0 {
		t.Skip("the processor cannot be found")
	}
	a := open(t, still)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var routed, wrong atomic.Int64
	use := func() {
		for i := range 200 {
			p, _ := a.Malloc(1 + i)
			id := percpu.Pin()
			if at := &a.routes[routeOf(thisProcessor())]; at.processor == thisProcessor() {
				routed.Add(1)
				if c := at.cache; c != emptyCache() && (!a.hasCache(id) || c != a.cacheOf(id)) {
					wrong.Add(1)
				}
			}
			percpu.Unpin(id)
			a.Free(p)
			runtime.Gosched()
		}
	}
	for _, n := range []int{1, 2, 64, 3, 64} {
		runtime.GOMAXPROCS(n)
		var all sync.WaitGroup
		for range 2 * n {
			all.Go(use)
		}
		all.Wait()
		if err := a.checkInvariants(); err != nil {
			t.Error(err)
		}
		if routed.Swap(0) == 0 {
			t.Errorf("%d processors: none has a route", n)
		}
		a.Trim()
		if err := a.checkInvariants(); err != nil {
			t.Error(err)
		}
		for i, at := range a.routes {
			if at.processor != 0 && at.cache != emptyCache() {
				t.Errorf("%d processors: route %d leads to a cache that Trim took away", n, i)
			}
		}
	}
	if n := wrong.Load(); n != 0 {
		t.Errorf("%d times the route of a processor led to another cache than the table", n)
	}
}
