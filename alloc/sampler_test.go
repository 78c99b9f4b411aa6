// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"io"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// TestGap: gaps are geometrically distributed. Their mean is (1 − p)/p, within five
// standard errors.
func TestGap(t *testing.T) {
	var s sampler
	for _, p := range []float64{0.9, 0.1, 0.003} {
		s.set(0, p, 0, false)
		const n = 50_000
		sum := 0.0
		for range n {
			sum += s.gap(0)
		}
		want, deviation := (1-p)/p, math.Sqrt(1-p)/p
		if got := sum / n; math.Abs(got-want) > 5*deviation/math.Sqrt(n) {
			t.Errorf("probability %v: the mean gap is %v, want %v", p, got, want)
		}
	}
	if s.set(0, 0, 0, false); !math.IsInf(s.gap(0), 1) {
		t.Error("a block is sampled at probability 0")
	}
	if s.set(0, 1, 0, false); s.gap(0) != 0 {
		t.Error("a block is passed over at probability 1")
	}
}

// TestProfileRateChanges: blocks are sampled at the rate that is set when they are
// allocated. Earlier samples stay.
func TestProfileRateChanges(t *testing.T) {
	a := open(t, Options{Decay: -1})
	unsampled := alloc(t, a, 500)
	a.Profile().SetRate(1)
	sampled := alloc(t, a, 500)
	large := alloc(t, a, 1<<20)
	a.Profile().SetRate(-1)
	later := alloc(t, a, 500)
	if got := inUse(heapProfileOf(t, a), 2); got[512] != 1 || got[0] != 1 {
		t.Errorf("in use: %v, want one block and one object", got)
	}
	for _, p := range []unsafe.Pointer{unsampled, sampled, large, later} {
		a.Free(p)
	}
	if got := inUse(heapProfileOf(t, a), 2); got[512] != 0 || got[0] != 0 {
		t.Errorf("in use after all was freed: %v", got)
	}
	if got := inUse(heapProfileOf(t, a), 0); got[512] != 1 || got[0] != 1 {
		t.Errorf("allocated: %v, want one block and one object", got)
	}
	check(t, a)
}

// TestProfileConcurrent: if every block is sampled and other goroutines free the blocks,
// the sums are exact.
func TestProfileConcurrent(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 1})
	const goroutines, rounds = 8, 300
	var wg sync.WaitGroup
	handed := make(chan unsafe.Pointer, 64)
	for g := range goroutines {
		wg.Go(func() {
			for i := range rounds {
				p, err := a.Malloc(1 + (g*rounds+i)%3000)
				if err != nil {
					t.Error(err)
					return
				}
				handed <- p
				a.Free(<-handed)
			}
		})
	}
	wg.Wait()
	var made, left float64
	for class, n := range inUse(heapProfileOf(t, a), 0) {
		made += n
		left += inUse(heapProfileOf(t, a), 2)[class]
	}
	if made != goroutines*rounds || left != 0 {
		t.Errorf("%v blocks allocated and %v in use, want %d and 0", made, left, goroutines*rounds)
	}
	s := a.Stats()
	if n := s.Classes[sizeclass.Of(1)].Allocs; n == 0 || s.Live() != 0 {
		t.Errorf("%d blocks of the first class allocated, %d live in all", n, s.Live())
	}
	check(t, a)
}

// TestSlowFreedTwice: if two goroutines free one block at once through the slow path of
// Free, one call succeeds and the other is reported. This holds for each cause of the slow
// path, also after a trace has ended.
func TestSlowFreedTwice(t *testing.T) {
	plain := Options{Decay: -1, ProfileRate: -1}
	zeroing, profiled, checked := plain, plain, plain
	zeroing.Hardening.ZeroOnFree = true
	profiled.ProfileRate = 1
	checked.Checked = true
	for _, c := range []struct {
		name    string
		options Options
		trace   bool
	}{
		{"profiled", profiled, false},
		{"profiled, after a trace", profiled, true},
		{"known to a trace", plain, true},
		{"zeroing", zeroing, false},
		{"zeroing, after a trace", zeroing, true},
		{"checked", checked, false},
		{"checked, after a trace", checked, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := open(t, c.options)
			if c.trace {
				if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			var blocks []unsafe.Pointer
			for range fewer(2000) {
				blocks = append(blocks, alloc(t, a, 100))
			}
			if err := a.Trace().Stop(); err != nil {
				t.Fatal(err)
			}
			for _, p := range blocks {
				if n := freeAtOnce(a, p); n != 1 {
					t.Fatalf("%d of two frees are reported, want 1", n)
				}
			}
			if !c.options.Checked { // the quarantine holds some blocks
				check(t, a)
			}
		})
	}
}

// freeAtOnce frees p in two goroutines at once and returns how many of the calls were
// reported as misuse.
func freeAtOnce(a *Allocator, p unsafe.Pointer) int32 {
	var both sync.WaitGroup
	var ready, told atomic.Int32
	for range 2 {
		both.Go(func() {
			defer func() {
				if _, ok := recover().(*MisuseError); ok {
					told.Add(1)
				}
			}()
			for ready.Add(1); ready.Load() < 2; {
				runtime.Gosched()
			}
			a.Free(p)
		})
	}
	both.Wait()
	return told.Load()
}
