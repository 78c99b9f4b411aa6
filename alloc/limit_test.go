// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

func TestLimit(t *testing.T) {
	const limit = 8 << 20
	for _, size := range []int{100, 5000, 100_000, 200 << 10, 1 << 20} {
		a := open(t, Options{Decay: -1, Limit: limit})
		var blocks []unsafe.Pointer
		for range 2 {
			for {
				p, err := a.Malloc(size)
				if err != nil {
					var e *Error
					if !errors.Is(err, ErrLimit) || !errors.As(err, &e) || e.Size != size || errors.Is(err, ErrOutOfMemory) {
						t.Fatalf("Malloc of %d bytes: %v, want ErrLimit", size, err)
					}
					break
				}
				blocks = append(blocks, p)
				if n := a.space.Footprint.Now(); n > limit {
					t.Fatalf("the footprint is %d bytes, above the limit", n)
				}
			}
			if got := len(blocks) * size; got < limit/2 {
				t.Errorf("%d bytes in blocks of %d under a limit of %d", got, size, limit)
			}
			check(t, a)
			// After half of the blocks are freed, as many can be allocated again.
			n := len(blocks)
			for _, p := range blocks[n/2:] {
				a.Free(p)
			}
			blocks = blocks[:n/2]
		}
		if p := a.space.Footprint.Peak(); p > limit {
			t.Errorf("the footprint was %d bytes once, above the limit", p)
		}
		for _, p := range blocks {
			a.Free(p)
		}
		drained(t, a)
	}
}

// TestLimitOtherSizes: memory retained for one size is available for another.
func TestLimitOtherSizes(t *testing.T) {
	a := open(t, Options{Decay: -1, Limit: 4 << 20})
	for range 3 {
		for _, size := range []int{16, 1000, 30000, 130_000, 2 << 20, 3 << 20} {
			var blocks []unsafe.Pointer
			for range (3 << 20) / size {
				blocks = append(blocks, alloc(t, a, size))
			}
			for _, p := range blocks {
				a.Free(p)
			}
		}
	}
	drained(t, a)
}

func TestSetLimit(t *testing.T) {
	a := open(t, still)
	p := alloc(t, a, 1<<20)
	a.SetLimit(1 << 20) // below the current footprint
	if q, err := a.Malloc(1 << 20); q != nil || !errors.Is(err, ErrLimit) {
		t.Errorf("beyond a lowered limit: %p, %v", q, err)
	}
	if q, err := a.Realloc(p, 2<<20); q != nil || !errors.Is(err, ErrLimit) {
		t.Errorf("growing beyond a lowered limit: %p, %v", q, err)
	}
	if q, err := a.Malloc(100); q != nil || !errors.Is(err, ErrLimit) {
		t.Errorf("small beyond a lowered limit: %p, %v", q, err)
	}
	a.SetLimit(8 << 20)
	q := alloc(t, a, 1<<20)
	if err := a.SetLimit(-1); !errors.Is(err, ErrInvalidOption) || a.space.Limit() != 8<<20 {
		t.Errorf("SetLimit(-1): %v; the limit is %d", err, a.space.Limit())
	}
	a.SetLimit(0)
	a.Free(alloc(t, a, 64<<20))
	a.Free(p)
	a.Free(q)
	drained(t, a)
	if err := errors.Join(a.Close(), a.SetLimit(5)); !errors.Is(err, ErrClosed) {
		t.Errorf("SetLimit after Close: %v", err)
	}
}

// TestOnLimit: the callback makes room in each possible way.
func TestOnLimit(t *testing.T) {
	const limit = 4 << 20
	for _, c := range []struct {
		name string
		room func(a *Allocator, blocks *[]unsafe.Pointer)
		ok   bool // whether the allocation must succeed afterwards
	}{
		{"free", func(a *Allocator, blocks *[]unsafe.Pointer) {
			i := len(*blocks) / 2
			a.Free((*blocks)[i])
			*blocks = append((*blocks)[:i], (*blocks)[i+1:]...)
		}, true},
		{"free through a Local", func(a *Allocator, blocks *[]unsafe.Pointer) {
			i := len(*blocks) / 2
			l := a.NewLocal()
			l.Free((*blocks)[i])
			l.Close()
			*blocks = append((*blocks)[:i], (*blocks)[i+1:]...)
		}, true},
		{"raise", func(a *Allocator, _ *[]unsafe.Pointer) { a.SetLimit(2 * limit) }, true},
		{"remove", func(a *Allocator, _ *[]unsafe.Pointer) { a.SetLimit(0) }, true},
		{"trim", func(a *Allocator, _ *[]unsafe.Pointer) { a.Trim() }, false},
		{"nothing", func(*Allocator, *[]unsafe.Pointer) {}, false},
		{"allocate and free", func(a *Allocator, blocks *[]unsafe.Pointer) {
			a.Free((*blocks)[0])
			a.Free((*blocks)[1])
			*blocks = (*blocks)[2:]
			if p, err := a.Malloc(50); err == nil {
				a.Free(p)
			}
		}, true},
	} {
		for _, size := range []int{1000, 50_000, 500 << 10} {
			t.Run(c.name, func(t *testing.T) {
				var a *Allocator
				var blocks []unsafe.Pointer
				var asked, depth int
				a = open(t, Options{Decay: -1, Limit: limit, OnLimit: func(size int) bool {
					if depth++; depth == 1 {
						asked = size
						c.room(a, &blocks)
					}
					depth--
					return c.ok
				}})
				for asked == 0 {
					p, err := a.Malloc(size)
					if asked == 0 && (err != nil || len(blocks)*size > limit) {
						t.Fatalf("OnLimit is not called: %v", err)
					}
					if err == nil {
						blocks = append(blocks, p)
					}
					if c.ok && err != nil || err != nil && !errors.Is(err, ErrLimit) {
						t.Errorf("after OnLimit: %v", err)
					}
				}
				if asked != size {
					t.Errorf("OnLimit was called for %d bytes, want %d", asked, size)
				}
				for _, p := range blocks {
					a.Free(p)
				}
				drained(t, a)
			})
		}
	}
}

// TestOnLimitAllocates: if an allocation in the callback exceeds the limit, it fails and
// does not call the callback again.
func TestOnLimitAllocates(t *testing.T) {
	var a *Allocator
	calls := 0
	a = open(t, Options{Decay: -1, Limit: 1 << 20, OnLimit: func(int) bool {
		calls++
		if p, err := a.Malloc(1 << 20); p != nil || !errors.Is(err, ErrLimit) {
			t.Errorf("Malloc in OnLimit = %p, %v", p, err)
		}
		a.Free(alloc(t, a, 100)) // there is room for it
		return false
	}})
	for n := 1; n <= 2; n++ {
		if p, err := a.Malloc(2 << 20); p != nil || !errors.Is(err, ErrLimit) {
			t.Errorf("Malloc = %p, %v", p, err)
		}
		if calls != n {
			t.Errorf("OnLimit was called %d times by %d allocations", calls, n)
		}
	}
}

// TestLimitConcurrent: the footprint stays within the limit while several goroutines
// allocate and callbacks free and allocate.
func TestLimitConcurrent(t *testing.T) {
	const limit = 6 << 20
	var a *Allocator
	var calls, failures atomic.Int64
	var spare sync.Mutex
	var spares []unsafe.Pointer
	a = open(t, Options{Limit: limit, OnLimit: func(int) bool {
		calls.Add(1)
		spare.Lock()
		defer spare.Unlock()
		made := len(spares) > 0
		for range min(4, len(spares)) {
			a.Free(spares[len(spares)-1])
			spares = spares[:len(spares)-1]
		}
		if p, err := a.Malloc(10); err == nil {
			a.Free(p)
		}
		return made
	}, Decay: -1})
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 3))
			var mine []unsafe.Pointer
			for range fewer(3000) {
				size := 1 + r.IntN(1<<(4+r.IntN(16)))
				p, err := a.Malloc(size)
				switch {
				case err == nil && r.IntN(4) == 0:
					spare.Lock()
					spares = append(spares, p)
					spare.Unlock()
				case err == nil:
					mine = append(mine, p)
				case errors.Is(err, ErrLimit):
					failures.Add(1)
				default:
					t.Error(err)
				}
				if len(mine) > 20 || err != nil && len(mine) > 0 {
					a.Free(mine[0])
					mine = mine[1:]
				}
				if n := a.space.Footprint.Now(); n > limit {
					t.Errorf("the footprint is %d bytes, above the limit", n)
				}
			}
			for _, p := range mine {
				a.Free(p)
			}
		})
	}
	all.Wait()
	if p := a.space.Footprint.Peak(); p > limit {
		t.Errorf("the footprint was %d bytes once, above the limit", p)
	}
	if calls.Load() == 0 {
		t.Error("the limit was never reached")
	}
	for _, p := range spares {
		a.Free(p)
	}
	drained(t, a)
}

// TestAtLimitAllDay: allocations that fail at the limit do not take the processors' caches
// away each time.
func TestAtLimitAllDay(t *testing.T) {
	a := open(t, Options{Decay: time.Hour, Limit: 8 << 20})
	var blocks []unsafe.Pointer
	fails := func(size int) bool {
		p, err := a.Malloc(size)
		if err == nil {
			blocks = append(blocks, p)
		}
		return err != nil
	}
	for !fails(1000) {
	}
	drains := func() (n uint64) {
		for c := range a.depots {
			n += a.depots[c].Counts().Allocs
		}
		return n
	}
	before := drains() // counts the allocations of caches that were taken away
	failed := 0
	for range 1000 {
		if fails(1000) { // the goroutine may move to a processor whose cache has some blocks
			failed++
		}
	}
	if failed < 500 {
		t.Fatalf("%d of 1000 allocations at the limit fail", failed)
	}
	if n := drains(); n != before {
		t.Errorf("caches with %d allocations were taken away by %d that failed", n-before, failed)
	}
	for _, p := range blocks {
		a.Free(p)
	}
	drained(t, a)
}

// TestOnLimitEvicts: a callback that evicts makes room for small blocks and large objects,
// whether it evicts one small entry at a time or enough at once.
func TestOnLimitEvicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries int // entries to evict at a time
	}{{"one entry", 1}, {"many", 40}} {
		for _, size := range []int{64, 10_000, 300_000} {
			t.Run(fmt.Sprintf("%s, %d bytes", c.name, size), func(t *testing.T) {
				var a *Allocator
				var entries []unsafe.Pointer
				evicted := 0
				a = open(t, Options{Decay: time.Hour, Limit: 16 << 20, OnLimit: func(int) bool {
					n := min(c.entries, len(entries))
					for _, p := range entries[:n] {
						a.Free(p)
					}
					entries = entries[n:]
					evicted += n
					return n > 0
				}})
				for evicted == 0 {
					entries = append(entries, alloc(t, a, 10_000))
				}
				for range 10 {
					evicted = 0
					p := alloc(t, a, size)
					if evicted > 200 {
						t.Errorf("%d entries were evicted", evicted)
					}
					defer a.Free(p)
				}
				for _, p := range entries {
					a.Free(p)
				}
			})
		}
	}
}

// TestOnLimitLies: a callback that always reports room, but makes none, is not called
// forever.
func TestOnLimitLies(t *testing.T) {
	calls := 0
	a := open(t, Options{Limit: 1 << 20, OnLimit: func(int) bool { calls++; return true }})
	if p, err := a.Malloc(2 << 20); p != nil || !errors.Is(err, ErrLimit) {
		t.Errorf("Malloc = %p, %v", p, err)
	}
	if calls == 0 || calls > 1000 {
		t.Errorf("OnLimit was called %d times", calls)
	}
}
