// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

import (
	"flag"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

var inGo bool // the flag -in-go

func init() {
	flag.BoolFunc("in-go", "test the fast paths in Go instead of those in assembly", func(string) error {
		inGo = true
		mallocAllocator, freeAllocator = mallocGo, freeGo
		mallocLocal, freeLocal = localMallocGo, localFreeGo
		return nil
	})
}

// TestAssembly: with the Go of this build, the functions in assembly serve Allocators and Locals.
func TestAssembly(t *testing.T) {
	if inGo {
		t.Skip("-in-go")
	}
	for _, f := range []any{mallocAllocator, freeAllocator, mallocLocal, freeLocal} {
		name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
		if !strings.HasSuffix(name, "Code") {
			t.Errorf("%s is used, want a function in assembly", name)
		}
	}
}

// TestFastProcessor: the assembly finds the processor that percpu.Pin finds, whatever their number.
func TestFastProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 2, 3, 64, 2} {
		runtime.GOMAXPROCS(n)
		var seen [64]atomic.Bool
		var wrong atomic.Int64
		var wg sync.WaitGroup
		for range 2 * n {
			wg.Go(func() {
				for range 100 {
					if !findsProcessor() {
						wrong.Add(1)
					}
					seen[fastProcessor()].Store(true)
					runtime.Gosched()
				}
			})
		}
		wg.Wait()
		if wrong.Load() != 0 {
			t.Errorf("of %d processors, the wrong one was found %d times", n, wrong.Load())
		}
		for id := n; id < len(seen); id++ {
			if seen[id].Load() {
				t.Errorf("processor %d was found, there are %d", id, n)
			}
		}
	}
}

// TestFaultInAssembly: a fault in assembly is a panic like any other, in whose deferred calls the
// stack is read and collected.
func TestFaultInAssembly(t *testing.T) {
	if inGo {
		t.Skip("-in-go: a fault of a pinned goroutine ends the program")
	}
	for _, call := range []func(){
		func() { _, _ = (*Allocator)(nil).Malloc(8) },
		func() { (*Allocator)(nil).Free(unsafe.Pointer(t)) },
		func() { _, _ = (*Local)(nil).Malloc(8) },
	} {
		func() {
			defer func() {
				runtime.GC()
				if stack := string(debug.Stack()); !strings.Contains(stack, "TestFaultInAssembly") {
					t.Errorf("the stack ends early:\n%s", stack)
				}
				if _, ok := recover().(runtime.Error); !ok {
					t.Error("no panic")
				}
			}()
			call()
		}()
	}
}

// A fastState is all memory that a fast path may write.
type fastState struct {
	cache  []byte
	slots  []byte // of the loaded magazine of one class, from two slots below top to one above
	states []byte // of a span, or the descriptor of a large object
	large  []byte // the large-object cache
}

func (s fastState) copy() fastState {
	return fastState{slices.Clone(s.cache), slices.Clone(s.slots), slices.Clone(s.states), slices.Clone(s.large)}
}

func (s fastState) restore(from fastState) {
	copy(s.cache, from.cache)
	copy(s.slots, from.slots)
	copy(s.states, from.states)
	copy(s.large, from.large)
}

// A side is a Malloc and a Free, in assembly or in Go.
type side struct {
	malloc func(size int) (unsafe.Pointer, error)
	free   func(p unsafe.Pointer)
}

type (
	mallocFunc[M any] = func(m *M, size int) (unsafe.Pointer, error)
	freeFunc[M any]   = func(m *M, p unsafe.Pointer)
)

func sideOf[M any](m *M, malloc mallocFunc[M], free freeFunc[M]) side {
	return side{
		func(size int) (unsafe.Pointer, error) { return malloc(m, size) },
		func(p unsafe.Pointer) { free(m, p) },
	}
}

// twins compares the functions in assembly with those in Go.
type twins struct {
	*testing.T
	a              *Allocator
	cache          func() uintptr // the cache that both use
	reclaim        func()         // takes the cache away
	assembly, inGo side
	slow           int  // calls that jumped to Go
	large          int  // large objects that the assembly allocated
	damaged        bool // the header of the next object is damaged
}

// largeInAssembly: there are fast paths for large objects, too.
const largeInAssembly = runtime.GOARCH == "amd64"

// descriptorBytes is the memory of the descriptor of a large object.
func descriptorBytes(d largeheap.Descriptor) []byte {
	return raw.Bytes(uintptr(d), largeheap.DescriptorSize)
}

// damage changes a bit of the header of the large object at p, frees the object, which fails, and
// repairs the header.
func (w *twins) damage(p unsafe.Pointer, bit int) {
	b := (*byte)(unsafe.Add(p, -64+bit/8))
	*b ^= 1 << (bit % 8)
	w.damaged = true
	w.free(p)
	w.damaged = false
	*b ^= 1 << (bit % 8)
}

// largeCache returns the large-object cache that both use: that of the only processor.
func (w *twins) largeCache() *largeCache {
	if !w.a.hasCache(0) {
		return largeCacheOf(emptyCache())
	}
	return largeCacheOf(w.a.cacheOf(0))
}

// localTwins makes the functions of a Local jump to functions that count.
func localTwins(t *testing.T, a *Allocator) *twins {
	oneProcessor(t)
	l := local(t, a)
	w := &twins{T: t, a: a}
	w.cache = func() uintptr { return l.cache }
	w.reclaim = func() { a.reclaimLocals(true) }
	malloc, free := functionAt[mallocFunc[Local]](&localMallocAsm), functionAt[freeFunc[Local]](&localFreeAsm)
	w.assembly, w.inGo = sideOf(l, malloc, free), sideOf(l, localMallocGo, localFreeGo)
	slowMallocLocal = func(*Local, int) (unsafe.Pointer, error) { w.slow++; return nil, nil }
	slowFreeLocal = func(*Local, unsafe.Pointer) { w.slow++ }
	t.Cleanup(func() { slowMallocLocal, slowFreeLocal = localMallocGo, localFreeGo })
	return w
}

// oneProcessor makes both functions use the same processor's cache.
func oneProcessor(t *testing.T) {
	n := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
}

// allocatorTwins does the same for an Allocator.
func allocatorTwins(t *testing.T, a *Allocator) *twins {
	oneProcessor(t)
	w := &twins{T: t, a: a}
	w.cache = func() uintptr { return a.cacheOf(0) }
	w.reclaim = a.detach
	malloc, free := functionAt[mallocFunc[Allocator]](&mallocAsm), functionAt[freeFunc[Allocator]](&freeAsm)
	w.assembly, w.inGo = sideOf(a, malloc, free), sideOf(a, mallocGo, freeGo)
	slowMallocAllocator = func(*Allocator, int) (unsafe.Pointer, error) { w.slow++; return nil, nil }
	slowFreeAllocator = func(*Allocator, unsafe.Pointer) { w.slow++ }
	t.Cleanup(func() { slowMallocAllocator, slowFreeAllocator = mallocGo, freeGo })
	return w
}

func (w *twins) state(r *smallheap.ClassCache, span uintptr) fastState {
	top := *(*uintptr)(unsafe.Pointer(r))
	s := fastState{cache: raw.Bytes(w.cache(), cacheSize), large: raw.Bytes(raw.Addr(unsafe.Pointer(w.largeCache())), unsafe.Sizeof(largeCache{}))}
	if r.HasBlock() || !r.Empty() {
		s.slots = raw.Bytes(top-16, 32)
	}
	if span != 0 {
		s.states = raw.Bytes(span+smallheap.StatesStart, uintptr(headerAt(span).Blocks)+1)
	}
	return s
}

// both calls assembly and then inGo, from the same state. Assembly must jump to Go, and have
// written nothing, or must leave the same state and the same result. fast says which of both.
func (w *twins) both(what string, live fastState, fast bool, assembly, inGo func() unsafe.Pointer) unsafe.Pointer {
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

func (w *twins) malloc(size int) unsafe.Pointer {
	fast := false
	var r *smallheap.ClassCache
	if uint(size-1) < sizeclass.LargeMin-1 {
		r = classCacheFor(w.cache(), sizeclass.ClassCodeOf(size))
		fast = r.Ready()
	} else {
		r = classCacheOf(w.cache(), 0)
	}
	s := w.state(r, 0)
	if fast {
		s = w.state(r, pagemap.Get(*(*uintptr)(raw.Pointer(*(*uintptr)(unsafe.Pointer(r)) - 16))))
	} else if l := w.largeCache(); largeInAssembly && size > 0 && l.isNext(uintptr(size)) && uintptr(size) < l.nextSample {
		fast = true
		s.states = descriptorBytes(l.objects[l.n-1].d)
	}
	call := func(s side) func() unsafe.Pointer {
		return func() unsafe.Pointer {
			p, err := s.malloc(size)
			if err != nil || *(*[2]uintptr)(unsafe.Pointer(&err)) != [2]uintptr{} { // both words are results
				w.Fatal(err)
			}
			return p
		}
	}
	p := w.both("Malloc", s, fast, call(w.assembly), call(w.inGo))
	if fast && size >= sizeclass.LargeMin {
		w.large++
	}
	if !fast && size < 4<<20 {
		p, _ = w.inGo.malloc(size)
	}
	return p
}

// free frees p, which may be misused.
func (w *twins) free(p unsafe.Pointer) {
	addr, fast := raw.Addr(p), false
	s := w.state(classCacheOf(w.cache(), 0), 0)
	if st, c := smallheap.PlainBlock(addr, w.a.freeOwner); st != nil {
		r := classCacheOf(w.cache(), smallheap.PutRow(c))
		s, fast = w.state(r, pagemap.Get(addr)), r.HasRoom()
	} else if r := resolve(addr, w.a.id); r.kind == kindLarge {
		d := r.object()
		fast = largeInAssembly && d.IsLive() && !d.Marked() && w.a.large.Caches(d) && w.largeCache().hasRoom() && !w.damaged
		s.states = descriptorBytes(d)
	}
	call := func(s side) func() unsafe.Pointer {
		return func() unsafe.Pointer { s.free(p); return nil }
	}
	w.both("Free", s, fast, call(w.assembly), call(w.inGo))
	if !fast {
		_, _ = panicOf(func() { w.inGo.free(p) }).(*MisuseError)
	}
}

// TestTwins: random operations and misuse have the same results and leave the same words in
// the cache, the magazine and the states, whether assembly or Go does them.
func TestTwins(t *testing.T) {
	for name, start := range map[string]func(*testing.T, *Allocator) *twins{
		"Allocator": allocatorTwins, "Local": localTwins,
		"Allocator, many leaves": manyLeaves(allocatorTwins), "Local, many leaves": manyLeaves(localTwins),
	} {
		t.Run(name, func(t *testing.T) {
			a, other := open(t, Options{Decay: -1, ProfileRate: 100_000}), open(t, still)
			foreign := alloc(t, other, 100)
			start(t, a).compare(foreign)
		})
	}
}

// manyLeaves is start, with assembly that searches in the page map as if that had many leaves.
func manyLeaves(start func(*testing.T, *Allocator) *twins) func(*testing.T, *Allocator) *twins {
	return func(t *testing.T, a *Allocator) *twins {
		only := pageHome
		pageHome = pagemap.NewHome()
		t.Cleanup(func() { pageHome = only })
		return start(t, a)
	}
}

// edges are sizes at which a fast path begins or ends.
var edges = []int{
	0, -1, -1 << 62, math.MinInt, 1, sizeclass.LargeMin - 1, sizeclass.LargeMin - 1, sizeclass.LargeMin - 1,
	sizeclass.LargeMin, sizeclass.LargeMin, sizeclass.LargeMin + 1, 1 << 40, math.MaxInt,
}

// wrongAddresses returns addresses at which no block begins that the Allocator may free. own is a
// block of the Allocator, foreign one of another.
func wrongAddresses(foreign, own unsafe.Pointer) []unsafe.Pointer {
	unknown := raw.Addr(foreign) &^ (1<<pagemap.RootShift - 1) // a page that has a leaf, and no descriptor
	for pagemap.Get(unknown) != 0 {
		unknown += sizeclass.PageSize
	}
	return []unsafe.Pointer{
		foreign, nil, unsafe.Pointer(&inGo), raw.Pointer(unknown),
		raw.Pointer(raw.Addr(own) | 1<<48), raw.Pointer(1 << 46), raw.Pointer(^uintptr(0)),
	}
}

// compare runs the operations. foreign is a block of another Allocator.
func (w *twins) compare(foreign unsafe.Pointer) {
	t, a := w.T, w.a
	p, err := w.inGo.malloc(100) // gives w a cache
	if err != nil {
		t.Fatal(err)
	}
	w.inGo.free(p)
	random := rand.New(rand.NewPCG(1, 2))
	var live []unsafe.Pointer
	var dead unsafe.Pointer
	fast := 0
	for i := range fewer(40_000) {
		slow := w.slow
		size := 1 + random.IntN(16<<random.IntN(14))
		if random.IntN(8) == 0 {
			size = []int{sizeclass.LargeMin, 200_000, 1 << 20, 3 << 20}[random.IntN(4)]
		}
		switch n := random.IntN(100); {
		case n < 52 && len(live) < 3000:
			if i%32 == 0 {
				size = edges[random.IntN(len(edges))]
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
		case n == 97 && dead != nil && !slices.Contains(live, dead):
			w.free(dead)
		case n == 98 && len(live) > 0:
			for _, wrong := range wrongAddresses(foreign, live[0]) {
				w.free(wrong)
			}
		case n == 99 && i%50 == 0:
			w.reclaim()
			live = append(live, w.malloc(100))
			if w.slow == slow {
				t.Fatal("a block came from a cache that was taken away")
			}
		}
		if w.slow == slow {
			fast++
		}
	}
	if fast < fewer(40_000)/2 || largeInAssembly && w.large < fewer(40_000)/200 {
		t.Errorf("%d operations were fast, %d of them allocations of large objects", fast, w.large)
	}
	p, err = w.inGo.malloc(sizeclass.LargeMin)
	live = append(live, must(t, p, err))
	for bit := range 512 {
		w.damage(p, bit)
	}
	for _, p := range live {
		w.inGo.free(p)
	}
	if n := liveIn(a); n != 0 {
		t.Errorf("%d blocks are live at the end", n)
	}
}
