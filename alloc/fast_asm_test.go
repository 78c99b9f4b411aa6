// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// TestLocalAssembly: with the Go of this build, Locals use the functions in assembly.
func TestLocalAssembly(t *testing.T) {
	for _, f := range []any{mallocLocal, freeLocal} {
		name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
		if !strings.HasSuffix(name, "Code") {
			t.Errorf("%s serves Locals, want a function in assembly", name)
		}
	}
}

// A localState is all memory that a fast path may write.
type localState struct {
	cache  []byte // of the Local
	slots  []byte // of the loaded magazine of one class, from two slots below top to one above
	states []byte // of a span
}

// localTwins compares the functions in assembly with those in Go.
type localTwins struct {
	*testing.T
	l    *Local
	slow int // calls that jumped to Go
}

func (w *localTwins) state(r *smallheap.ClassCache, span uintptr) localState {
	top := *(*uintptr)(unsafe.Pointer(r))
	s := localState{cache: raw.Bytes(w.l.cache, cacheSize)}
	if r.HasBlock() || !r.Empty() {
		s.slots = raw.Bytes(top-16, 32)
	}
	if span != 0 {
		s.states = raw.Bytes(span+smallheap.StatesStart, uintptr(headerAt(span).Blocks)+1)
	}
	return s
}

func (s localState) copy() localState {
	return localState{append([]byte{}, s.cache...), append([]byte{}, s.slots...), append([]byte{}, s.states...)}
}

func (s localState) restore(from localState) {
	copy(s.cache, from.cache)
	copy(s.slots, from.slots)
	copy(s.states, from.states)
}

// both calls assembly and then inGo, from the same state. Assembly must jump to Go, and have
// written nothing, or must leave the same state and the same result. fast says which of both.
func (w *localTwins) both(what string, live localState, fast bool, assembly, inGo func() unsafe.Pointer) unsafe.Pointer {
	before, slow := live.copy(), w.slow
	p := assembly()
	after := live.copy()
	if jumped := w.slow > slow; jumped == fast {
		w.Fatalf("%s: the assembly jumped to Go: %v", what, jumped)
	}
	if !fast {
		if !reflect.DeepEqual(before, after) {
			w.Fatalf("%s: the assembly wrote something before it jumped to Go", what)
		}
		return nil
	}
	live.restore(before)
	if q := inGo(); p != q {
		w.Fatalf("%s: %p in assembly, %p in Go", what, p, q)
	}
	if !reflect.DeepEqual(live.copy(), after) {
		w.Fatalf("%s: assembly and Go leave different states", what)
	}
	return p
}

func (w *localTwins) malloc(size int) unsafe.Pointer {
	fast := false
	var r *smallheap.ClassCache
	if uint(size-1) < sizeclass.LargeMin-1 {
		r = classCacheFor(w.l.cache, sizeclass.ClassCodeOf(size))
		fast = r.Ready()
	} else {
		r = classCacheOf(w.l.cache, 0)
	}
	span := uintptr(0)
	if fast {
		span = pagemap.Get(*(*uintptr)(raw.Pointer(*(*uintptr)(unsafe.Pointer(r)) - 16)))
	}
	call := func(f func(*Local, int) (unsafe.Pointer, error)) func() unsafe.Pointer {
		return func() unsafe.Pointer {
			p, err := f(w.l, size)
			if err != nil {
				w.Fatal(err)
			}
			return p
		}
	}
	p := w.both("Malloc", w.state(r, span), fast, call(mallocLocal), call(localMallocGo))
	if !fast && size < 1<<20 {
		p, _ = localMallocGo(w.l, size)
	}
	return p
}

// free frees p, which may be misused.
func (w *localTwins) free(p unsafe.Pointer) {
	addr, fast := raw.Addr(p), false
	r, span := classCacheOf(w.l.cache, 0), uintptr(0)
	if st, c := smallheap.PlainBlock(addr, w.l.freeOwner); st != nil {
		r, span = classCacheOf(w.l.cache, c), pagemap.Get(addr)
		fast = r.HasRoom()
	}
	call := func(f func(*Local, unsafe.Pointer)) func() unsafe.Pointer {
		return func() unsafe.Pointer { f(w.l, p); return nil }
	}
	w.both("Free", w.state(r, span), fast, call(freeLocal), call(localFreeGo))
	if !fast {
		_, _ = panicOf(func() { localFreeGo(w.l, p) }).(*MisuseError)
	}
}

// TestLocalTwins: random operations and misuse have the same results and leave the same words in
// the cache, the magazine and the states, whether assembly or Go does them.
func TestLocalTwins(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 20_000})
	other := open(t, still)
	l := local(t, a)
	l.Free(alloc(t, l, 100)) // gives it a cache
	w := &localTwins{T: t, l: l}
	slowMallocLocal = func(*Local, int) (unsafe.Pointer, error) { w.slow++; return nil, nil }
	slowFreeLocal = func(*Local, unsafe.Pointer) { w.slow++ }
	defer func() { slowMallocLocal, slowFreeLocal = localMallocGo, localFreeGo }()
	random := rand.New(rand.NewPCG(1, 2))
	foreign := alloc(t, other, 100)
	var live []unsafe.Pointer
	var dead unsafe.Pointer
	fast := 0
	for i := range fewer(40_000) {
		slow := w.slow
		size := 1 + random.IntN(16<<random.IntN(12))
		switch n := random.IntN(100); {
		case n < 52 && len(live) < 3000:
			if i%1000 == 0 {
				size = []int{0, -1, -1 << 62, sizeclass.LargeMin, 1 << 40}[random.IntN(5)]
			}
			if p := w.malloc(size); p != nil {
				live = append(live, p)
			}
		case n < 96 && len(live) > 0:
			at := random.IntN(len(live))
			dead = live[at]
			live[at] = live[len(live)-1]
			live = live[:len(live)-1]
			w.free(dead)
		case n == 96 && len(live) > 0:
			w.free(unsafe.Add(live[0], 1+random.IntN(15)))
		case n == 97 && dead != nil && !containsPointer(live, dead):
			w.free(dead)
		case n == 98:
			w.free([]unsafe.Pointer{foreign, nil, unsafe.Pointer(w), raw.Pointer(1 << 46), raw.Pointer(^uintptr(0))}[random.IntN(5)])
		case n == 99 && i%50 == 0:
			a.reclaimLocals(true)
			localFreeGo(l, alloc(t, a, 100))
		}
		if w.slow == slow {
			fast++
		}
	}
	if fast < fewer(40_000)/2 {
		t.Errorf("%d operations were fast", fast)
	}
	slowMallocLocal, slowFreeLocal = localMallocGo, localFreeGo
	for _, p := range live {
		l.Free(p)
	}
	if n := liveIn(a); n != 0 {
		t.Errorf("%d blocks are live at the end", n)
	}
}

func containsPointer(all []unsafe.Pointer, p unsafe.Pointer) bool {
	for _, q := range all {
		if p == q {
			return true
		}
	}
	return false
}

// TestLocalStorm: Locals work while the profiler interrupts them, the runtime preempts them, the
// number of processors changes, and their caches are taken away.
func TestLocalStorm(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	if err := pprof.StartCPUProfile(new(strings.Builder)); err == nil {
		defer pprof.StopCPUProfile()
	}
	a := open(t, Options{Decay: time.Millisecond})
	var stop atomic.Bool
	var wg sync.WaitGroup
	handed := make(chan unsafe.Pointer, 64)
	for range 4 {
		wg.Go(func() {
			l := a.NewLocal()
			defer l.Close()
			var window [64]unsafe.Pointer
			for i := 0; !stop.Load(); i++ {
				at := &window[i%64]
				if *at != nil && *(*uintptr)(*at) != raw.Addr(*at) {
					t.Error("a block was overwritten")
					return
				}
				l.Free(*at)
				p, err := l.Malloc(8 << (i % 10))
				if err != nil {
					t.Error(err)
					return
				}
				*(*uintptr)(p) = raw.Addr(p)
				*at = p
				if i%100 == 0 {
					select {
					case handed <- p:
						*at = <-handed
					default:
					}
				}
			}
			for _, p := range window {
				l.Free(p)
			}
		})
	}
	for i := range fewer(32) {
		switch i % 4 {
		case 0:
			runtime.GC()
		case 1:
			a.reclaimLocals(true)
		case 2:
			goroutineStacks()
		case 3:
			runtime.GOMAXPROCS(1 + i%64)
		}
		time.Sleep(time.Millisecond)
	}
	stop.Store(true)
	wg.Wait()
	close(handed)
	for p := range handed {
		a.Free(p)
	}
	if n := liveIn(a); n != 0 {
		t.Errorf("%d blocks are live at the end", n)
	}
}
