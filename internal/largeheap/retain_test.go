// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math/bits"
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

func TestReuse(t *testing.T) {
	for _, c := range []struct {
		name        string
		first, next uintptr
		align       uintptr
		reused      bool
	}{
		{"same size", mib, mib, 64, true},
		{"a little less", mib, mib - 100*kib, 64, true},
		{"half", mib, mib / 2, 64, true},
		{"much less", 2 * mib, 300 * kib, 64, false},
		{"more", mib, mib + 8*kib, 64, vm.Able(vm.Moving)},
		{"many times as much", mib, (maxLengthen + 1) * mib, 64, false},
		{"same, aligned to a page", mib, mib - 4*kib, 4 * kib, true},
		{"large alignment", mib, mib, mib, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, largeobj.Options{})
			f.free(f.allocAligned(c.first, c.align))
			calls := f.space.Calls(vm.OpMap)
			f.free(f.allocAligned(c.next, c.align))
			if reused := f.space.Calls(vm.OpMap) == calls; reused != c.reused {
				t.Errorf("reused = %v", reused)
			}
		})
	}
}

// The last bin takes extents of all lengths beyond the others'.
func TestReuseOfTheLastBin(t *testing.T) {
	if bits.UintSize == 32 {
		t.Skip("the address space is too small")
	}
	f := newFixture(t, largeobj.Options{RetainBytes: 1 << 50})
	var ps [3]uintptr
	for i := range ps {
		p, _, err := f.Alloc(uintptr(i+2)<<(bits.UintSize-26), 64, false)
		if err != nil {
			t.Skip(err) // overcommitting may be forbidden
		}
		ps[i] = p
	}
	for _, p := range ps {
		f.free(p)
	}
	for i, p := range ps {
		if q := f.alloc(uintptr(i+2) << (bits.UintSize - 26)); q != p {
			t.Errorf("extent %d was not used again", i)
		}
	}
}

func TestSteadyStateCallsNoKernel(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	window := make([]uintptr, 64)
	var calls uint64
	for round := range 20 {
		if round == 10 {
			calls = f.space.Calls(vm.OpMap) + f.space.Calls(vm.OpRelease)
		}
		for i := range window {
			if window[i] != 0 {
				f.free(window[i])
			}
			window[i] = f.alloc(128*kib + uintptr(i%8)*kib)
		}
	}
	if n := f.space.Calls(vm.OpMap) + f.space.Calls(vm.OpRelease) - calls; n != 0 {
		t.Errorf("%d kernel calls in the steady state", n)
	}
}

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name   string
		budget int64
		limit  int64
	}{
		{"none", -1, 0},
		{"smaller than an object", 100 * kib, 0},
		{"4 MiB", 4 * mib, 4*mib + mib/2},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, largeobj.Options{RetainBytes: c.budget})
			var ps []uintptr
			for range 40 {
				ps = append(ps, f.alloc(300*kib))
			}
			for _, p := range ps {
				f.free(p)
				s := f.Stats()
				if got := s.Dirty.Bytes + s.Clean.Bytes; got > c.limit {
					t.Fatalf("%d bytes retained, budget %d", got, c.budget)
				}
			}
			if got := f.Stats().Dirty.Bytes; c.limit > 0 && got < c.limit/2 {
				t.Errorf("only %d bytes retained", got)
			}
			if got := f.HasPurgeable(); got != (c.limit > 0) {
				t.Errorf("HasPurgeable() = %v", got)
			}
			f.sound()
		})
	}
}

// When the budget is exceeded, the heap unmaps the oldest extents, purged ones first.
func TestBudgetTakesTheOldest(t *testing.T) {
	f := newFixture(t, largeobj.Options{RetainBytes: 4 * mib})
	old := f.alloc(mib)
	f.free(old)
	f.ticks(purgeAge) // purged now
	young := []uintptr{f.alloc(2 * mib), f.alloc(500 * kib), f.alloc(2 * mib)}
	for _, p := range young[:2] {
		f.free(p)
		f.tick.Add(1) // those of one tick count as equally old
	}
	if o, ok := f.Find(old); !ok || o.State != Retained {
		t.Errorf("evicted within the budget: %v", o)
	}
	f.free(young[2])
	for _, p := range append(young[:0:0], old, young[0]) {
		if o, ok := f.Find(p); ok {
			t.Errorf("still there: %v", o)
		}
	}
	for _, p := range young[1:] {
		if _, ok := f.Find(p); !ok {
			t.Errorf("%#x was evicted", p)
		}
	}
}

// onManyProcessors returns a heap with a shard for each of four processors.
func onManyProcessors(t *testing.T, o largeobj.Options) *fixture {
	f := newFixture(t, o)
	f.shards = make([]shard, 4)
	f.step = f.budget / 8 / int64(len(f.shards))
	return f
}

// freeOn frees an object on a processor.
func (f *fixture) freeOn(processor int, p uintptr) {
	f.t.Helper()
	d := Descriptor(pagemap.Get(p))
	err := f.Claim(d, p, Releasing)
	if err != nil {
		f.t.Fatal(err)
	}
	f.retain(&f.shards[processor], objectAt(uintptr(d)))
}

// All processors share one budget, which may be exceeded by an eighth.
func TestBudgetOfManyProcessors(t *testing.T) {
	const budget = 8 * mib
	f := onManyProcessors(t, largeobj.Options{RetainBytes: budget})
	var ps []uintptr
	for range 200 {
		ps = append(ps, f.alloc(150*kib))
	}
	for i, p := range ps {
		f.freeOn(i%len(f.shards), p)
		if got := f.Stats().Dirty.Bytes; got > budget+budget/8 {
			t.Fatalf("%d bytes retained", got)
		}
	}
	if got := f.Stats().Dirty.Bytes; got < budget/2 {
		t.Errorf("%d bytes retained", got)
	}
}

// The heap unmaps the oldest extent, whichever processor retains it.
func TestBudgetTakesTheOldestOfAllProcessors(t *testing.T) {
	f := onManyProcessors(t, largeobj.Options{RetainBytes: 9 * mib})
	processors := []int{2, 0, 3, 1}
	var ps []uintptr
	for range 2 * len(processors) {
		ps = append(ps, f.alloc(2*mib))
	}
	for i, p := range ps {
		f.freeOn(processors[i%4], p)
		for j, p := range ps {
			if _, there := f.Find(p); there != (j > i-4) {
				t.Errorf("after free %d: object %d is there: %v", i, j, there)
			}
		}
		f.tick.Add(1)
	}
}

// A processor uses extents that another one freed.
func TestReuseAcrossProcessors(t *testing.T) {
	f := onManyProcessors(t, largeobj.Options{})
	var ps [4]uintptr
	for i := range ps {
		ps[i] = f.alloc(mib)
	}
	for i, p := range ps {
		f.freeOn(i, p)
	}
	for range ps {
		f.alloc(mib)
	}
	if n := f.space.Calls(vm.OpMap); n != 4 {
		t.Errorf("%d mappings for 4 objects", n)
	}
}

// The page map forgets the address of the last object of an extent.
func TestReuseAtAnotherPlace(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(mib)
	f.free(p)
	q := f.allocAligned(mib-64*kib, 64*kib)
	if o, _ := f.Find(p); o.Base != q || q-p < sizeclass.PageSize {
		t.Skip("the extent was not used again, or at the same place")
	}
	if d := pagemap.Get(p); d != 0 {
		t.Errorf("the page map still leads from %#x to %v", p, objectAt(d).describe())
	}
	if v := violation(t, f.Free(p)); v.Reason != NotAnObject || v.Object.Base != q {
		t.Error(v)
	}
}

func TestAgeing(t *testing.T) {
	vm.Require(t, vm.Purging)
	const size = 32 * mib
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(size)
	dirtyAll(p, size)
	f.free(p)
	before := residentBytes(t)
	for tick := 1; tick <= unmapAge+1; tick++ {
		freed := f.purge(false)
		s := f.Stats()
		var want Stats
		r := Tally{1, size + int64(vm.PageSize())}
		switch {
		case tick < purgeAge:
			want.Dirty = r
		case tick < unmapAge:
			want.Clean = r
		}
		if s != want {
			t.Fatalf("tick %d: %+v", tick, s)
		}
		if tick == purgeAge {
			if freed != r.Bytes {
				t.Errorf("tick %d gave %d bytes back", tick, freed)
			}
			if gone := before - residentBytes(t); gone < size/2 {
				t.Errorf("purging gave %d bytes back", gone)
			}
		} else if freed != 0 {
			t.Errorf("tick %d gave %d bytes back", tick, freed)
		}
		if got := f.HasPurgeable(); got != (tick < unmapAge) {
			t.Errorf("tick %d: HasPurgeable() = %v", tick, got)
		}
		f.sound()
	}
}

// An extent that is used again is young again.
func TestUseMakesYoung(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	for range 30 {
		f.free(f.alloc(mib))
		f.ticks(purgeAge - 1)
	}
	if n := f.space.Calls(vm.OpPurge); n != 0 {
		t.Errorf("%d purges", n)
	}
	if n := f.space.Calls(vm.OpMap); n != 1 {
		t.Errorf("%d mappings", n)
	}
}

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		policy                            largeobj.Policy
		afterFree, afterTick, afterMinute bool // retained
	}{
		{largeobj.Retain, true, true, false},
		{largeobj.Unmap, false, false, false},
		{largeobj.Keep, true, true, true},
	} {
		t.Run(c.policy.String(), func(t *testing.T) {
			f := newFixture(t, largeobj.Options{Policy: c.policy})
			p := f.alloc(mib)
			f.free(p)
			retained := func(when string, want bool) {
				t.Helper()
				if _, got := f.Find(p); got != want {
					t.Errorf("%s: retained = %v", when, got)
				}
				if got := f.HasPurgeable(); got != (want && c.policy != largeobj.Keep) {
					t.Errorf("%s: HasPurgeable() = %v", when, got)
				}
				f.sound()
			}
			retained("freed", c.afterFree)
			f.ticks(1)
			retained("a tick later", c.afterTick)
			f.ticks(240)
			retained("a minute later", c.afterMinute)
			n := f.purge(true)
			retained("trimmed", false)
			if c.policy == largeobj.Keep && n < mib {
				t.Errorf("Purge(true) gave %d bytes back", n)
			}
		})
	}
}

func TestTrimGivesAllBack(t *testing.T) {
	const n, size = 32, mib
	for _, o := range []largeobj.Options{{}, {Policy: largeobj.Keep}, {LazyPurge: true}, {MaxMappings: 1}} {
		f := newFixture(t, o)
		before := residentBytes(t)
		var ps []uintptr
		for range n {
			p := f.alloc(size)
			dirtyAll(p, size)
			ps = append(ps, p)
		}
		for _, p := range ps {
			f.free(p)
		}
		if got := f.purge(true); got < n*size {
			t.Errorf("%+v: %d bytes given back", o, got)
		}
		// In race builds mappings lie in the Go heap, which keeps its memory.
		if left := residentBytes(t) - before; left > n*size/10 && !raceannotate.Enabled {
			t.Errorf("%+v: %d bytes still resident", o, left)
		}
		if m := f.space.Mapped.Now(); m != 0 {
			t.Errorf("%+v: %d bytes still mapped", o, m)
		}
		if s := f.Stats(); s != (Stats{}) {
			t.Errorf("%+v: %+v", o, s)
		}
	}
}
