// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// put puts the live object at p into a cache, and fails the test if Put refuses it.
func (f *fixture) put(p uintptr) (d Descriptor) {
	f.t.Helper()
	if d = f.Put(p); d == 0 {
		f.t.Fatal("refused")
	}
	return d
}

func TestPutTake(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(200_000)
	calls := f.space.Calls(vm.OpMap)
	d := f.put(p)
	if d.IsLive() {
		t.Error("a cached object counts as live")
	}
	for _, size := range []uintptr{200_000, 190_000, 200_001, 180_000} {
		change, fits := d.Fits(size)
		if !fits {
			t.Fatalf("Fits(%d) = false", size)
		}
		f.Take(d, p, size, false)
		f.Account(change)
		if n, err := f.Usable(p); err != nil || n < size {
			t.Errorf("Usable = %d, %v after Take(%d)", n, err, size)
		}
		d = f.put(p)
	}
	if got := f.space.Calls(vm.OpMap); got != calls {
		t.Errorf("Put and Take called the kernel %d times", got-calls)
	}
	f.Drop(d)
	if s := f.Stats(); s.Live.Objects != 0 || s.Dirty.Objects != 1 {
		t.Errorf("after Drop: %+v", s)
	}
}

func TestTakeFits(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(1 << 20)
	d := f.put(p)
	for _, size := range []uintptr{1, 128 << 10, 800_000, 1<<20 + vm.PageSize(), 2 << 20} {
		if _, fits := d.Fits(size); fits {
			t.Errorf("an object of %d bytes is placed in an extent of 1 MiB", size)
		}
	}
	f.Drop(d)
}

func TestPutRefuses(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	live := f.alloc(200_000)
	cached := f.alloc(200_000)
	d := f.put(cached)
	damaged := f.alloc(200_000)
	freed := f.alloc(200_000)
	f.free(freed)
	headerAt(damaged)[wordCanary] ^= 1
	for name, p := range map[string]uintptr{
		"inside": live + 64, "freed": freed, "cached": cached, "damaged": damaged,
		"too long": f.alloc(maxCachedSize + 1), "nothing": 0x1000,
	} {
		if f.Put(p) != 0 {
			t.Errorf("%s: taken", name)
		}
	}
	headerAt(damaged)[wordCanary] ^= 1
	f.Drop(d)

	for _, o := range []largeobj.Options{{Policy: largeobj.Unmap}, {RetainBytes: -1}} {
		g := newFixture(t, o)
		if g.Put(g.alloc(200_000)) != 0 {
			t.Errorf("%+v: taken", o)
		}
	}
}

func TestCachedIsFree(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(200_000)
	d := f.put(p)
	_, resized := f.Resize(p, 300_000)
	for _, err := range []error{f.Free(p), resized} {
		var v *Violation
		if !errors.As(err, &v) || v.Reason != DoubleFree || v.Object.State != Cached {
			t.Errorf("a cached object counts as live: %v", err)
		}
	}
	f.Drop(d)
}

// TestClaimedOnce: if several goroutines free or resize an object at once, one succeeds. The
// others get a Violation, even if the object is unmapped or reused meanwhile.
func TestClaimedOnce(t *testing.T) {
	for name, o := range map[string]largeobj.Options{
		"retained": {}, "unmapped": {Policy: largeobj.Unmap}, "carved": {MaxMappings: 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, o)
			for round := range 3000 {
				p := f.alloc(200_000)
				var ready, done sync.WaitGroup
				var wins atomic.Int32
				ready.Add(3)
				for g := range 3 {
					done.Go(func() {
						ready.Done()
						ready.Wait()
						q, err := p, error(nil)
						switch {
						case g < 2:
							err = f.Free(p)
						case round%2 == 0:
							q, err = f.Resize(p, 300_000)
						default:
							q, err = f.Resize(p, 150_000)
						}
						var v *Violation
						switch {
						case err == nil && g < 2:
							wins.Add(1)
						case err == nil: // then it may be freed where it is now
							if f.Free(q) == nil {
								wins.Add(1)
							}
						case !errors.As(err, &v) || v.Reason == HeaderOverwritten:
							t.Error(err)
						}
					})
				}
				done.Wait()
				if n := wins.Load(); n != 1 {
					t.Fatalf("%d calls freed one object", n)
				}
				if round%16 == 0 {
					f.purge(true)
				}
			}
		})
	}
}

// TestRequestedOfCached: Stats.Requested, plus the changes that callers of Take have not
// passed to Account yet, is the sum of the requested bytes.
func TestRequestedOfCached(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	var unreported int64
	want := func(n int64) {
		t.Helper()
		if got := f.Stats().Requested + unreported; got != n {
			t.Errorf("%d bytes requested, want %d", got, n)
		}
	}
	again := func(p, size uintptr) {
		d := f.put(p)
		change, _ := d.Fits(size)
		f.Take(d, p, size, false)
		unreported += change
	}
	p, q := f.alloc(200_000), f.alloc(300_000)
	again(p, 190_000)
	again(q, 301_000)
	want(491_000)
	q, err := f.Resize(q, 400_000)
	if err != nil {
		t.Fatal(err)
	}
	want(590_000)
	f.free(p)
	want(400_000)
	f.Account(unreported)
	unreported = 0
	want(400_000)
	f.free(q)
	want(0)
}
