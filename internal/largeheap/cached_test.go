// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
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
		t.Error("a cached object passes for live")
	}
	for _, size := range []uintptr{200_000, 190_000, 200_001, 180_000} {
		change, fits, cached := f.Take(d, p, size)
		if !fits || !cached {
			t.Fatalf("Take(%d) = %v, %v", size, fits, cached)
		}
		f.Account(change)
		if n, err := f.Usable(p); err != nil || n < size {
			t.Errorf("Usable = %d, %v after Take(%d)", n, err, size)
		}
		d = f.put(p)
	}
	if got := f.space.Calls(vm.OpMap); got != calls {
		t.Errorf("it called the kernel %d times", got-calls)
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
		if _, fits, cached := f.Take(d, p, size); fits || !cached {
			t.Errorf("an object of %d bytes is handed out in an extent of 1 MiB", size)
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
			t.Errorf("a cached object is taken for a live one: %v", err)
		}
	}
	f.Drop(d)
}

// Two goroutines that free an object at the same time may both put it into a cache. The
// first one to take it wins.
func TestCachedTwice(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(200_000)
	d := f.put(p)
	if _, fits, cached := f.Take(d, p, 200_000); !fits || !cached {
		t.Fatal("not taken")
	}
	if _, fits, cached := f.Take(d, p, 200_000); fits || cached {
		t.Error("taken twice")
	}
	if v := d.FreedTwice(); v.Addr != p || !strings.Contains(v.Detail, "two goroutines") {
		t.Errorf("the violation is %v", v)
	}
	f.Drop(d) // the second entry, when the cache is given up
	if !Descriptor(pagemap.Get(p)).IsLive() {
		t.Error("the object was dropped while it is live")
	}
}

// Stats.Requested and the changes that callers of Take report late add up to what is
// requested.
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
		change, _, _ := f.Take(f.put(p), p, size)
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
