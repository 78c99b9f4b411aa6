// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/stats"
)

// busy makes many more goroutines than processors use the caches of all processors.
func busy(t *testing.T, a *Allocator, procs int) {
	var all sync.WaitGroup
	for range 4 * procs {
		all.Go(func() {
			var mine []unsafe.Pointer
			for i := range 200 {
				p, err := a.Malloc(1 + i*7%3000)
				if err != nil {
					t.Error(err)
					return
				}
				mine = append(mine, p)
				if i%10 == 0 {
					runtime.Gosched()
				}
			}
			for _, p := range mine {
				a.Free(p)
			}
		})
	}
	all.Wait()
}

// TestProcessors: blocks in caches of processors that no longer exist are recovered,
// whatever GOMAXPROCS was and becomes.
func TestProcessors(t *testing.T) {
	for _, c := range []struct {
		name    string
		decay   time.Duration
		recover func(*Allocator)
	}{
		{"by the purger", 8 * time.Millisecond, func(*Allocator) {}},
		{"by Trim", -1, func(a *Allocator) { a.Trim() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
			a := open(t, Options{Decay: c.decay})
			for _, procs := range []int{64, 1, 2, 16, 3, 33, 1} {
				runtime.GOMAXPROCS(procs)
				busy(t, a, procs)
			}
			if c.decay < 0 {
				s := a.Stats()
				if s.Caches < 2 && runtime.NumCPU() > 1 || s.Memory.Cached == 0 {
					t.Errorf("%d caches hold %d bytes: there is nothing to recover", s.Caches, s.Memory.Cached)
				}
			}
			// One processor is left, and its goroutine is idle.
			var s stats.Snapshot
			if !eventually(func() bool {
				c.recover(a)
				s = a.Stats()
				return s.Caches == 0 && s.Memory.Cached == 0 && s.Footprint.Now == 0
			}) {
				t.Errorf("%d caches hold %d bytes, the footprint is %d", s.Caches, s.Memory.Cached, s.Footprint.Now)
			}
		})
	}
}

// TestCleanups: finalizers and cleanups of Go objects may free blocks.
func TestCleanups(t *testing.T) {
	a := open(t, still)
	const n = 2000
	var freed atomic.Int64
	type handle struct{ p unsafe.Pointer }
	for i := range n {
		h := &handle{alloc(t, a, 1+i%500)}
		if i%2 == 0 {
			runtime.AddCleanup(h, func(p unsafe.Pointer) { a.Free(p); freed.Add(1) }, h.p)
			continue
		}
		runtime.SetFinalizer(h, func(h *handle) {
			p, err := a.Realloc(h.p, 600)
			if err != nil {
				t.Error(err)
			}
			a.Free(p)
			freed.Add(1)
		})
	}
	if !eventually(func() bool { runtime.GC(); return freed.Load() == n }) {
		t.Fatalf("%d of %d blocks were freed", freed.Load(), n)
	}
	drained(t, a)
}

// TestCloseWhileInUse: calls that run while the Allocator is closed return as they would
// before or after Close.
func TestCloseWhileInUse(t *testing.T) {
	guarded := Options{Decay: -1, GuardRate: guardRate(1), ProfileRate: -1}
	for i := range fewer(80) {
		a, err := NewAllocator([]Options{still, {Decay: -1, ProfileRate: 256}, guarded}[i%3])
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var begun atomic.Int32
		for g := range 4 {
			all.Go(func() {
				for i := 0; ; i++ {
					yield()
					p, err := a.Malloc(16 << ((i + g) % 12))
					begun.Add(1)
					if errors.Is(err, ErrClosed) {
						return
					}
					var m *MisuseError
					v := panicOf(func() { a.Free(p) })
					if e, _ := v.(error); err != nil || v != nil && (!errors.As(e, &m) || !a.gate.closed.Load()) {
						t.Errorf("Malloc: %v, Free: panic(%v)", err, v)
						return
					}
				}
			})
		}
		all.Go(func() {
			for !a.gate.closed.Load() {
				a.Stats()
				a.Trim()
				yield()
			}
		})
		for begun.Load() < 400 {
			runtime.Gosched()
		}
		for range 2 {
			all.Go(func() {
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if s := &a.space; s.Footprint.Now() != 0 || s.Mapped.Now() != 0 {
			t.Fatalf("after Close: footprint %d, %d bytes mapped", s.Footprint.Now(), s.Mapped.Now())
		}
	}
}

// TestManyProcessors: caches exist for any number of processors.
func TestManyProcessors(t *testing.T) {
	a := open(t, still)
	p := alloc(t, a, 100)
	for _, id := range []int{100, 7_679, 7_680, 20_000, 100_000} {
		if err := a.attach(id, 0); err != nil {
			t.Fatalf("processor %d: %v", id, err)
		}
		if !a.hasCache(id) || a.cacheOf(id) == emptyCache() {
			t.Errorf("processor %d has no cache", id)
		}
	}
	if s := a.Stats(); s.Caches < 5 {
		t.Errorf("%d caches", s.Caches)
	}
	a.Free(p)
	a.Trim()
	drained(t, a)
}
