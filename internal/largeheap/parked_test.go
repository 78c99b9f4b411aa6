package largeheap

import (
	"errors"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// park parks the live object at p, which must be one to be parked.
func (f *fixture) park(p uintptr) (at uintptr) {
	f.t.Helper()
	if at = f.Park(p); at == 0 {
		f.t.Fatal("not parked")
	}
	return at
}

func TestParkUnpark(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(200_000)
	calls := f.space.Calls(vm.OpMap)
	at := f.park(p)
	if LiveAt(at) {
		t.Error("a parked object passes for live")
	}
	for _, size := range []uintptr{200_000, 190_000, 200_001, 180_000} {
		change, fits, parked := f.Unpark(at, p, size)
		if !fits || !parked {
			t.Fatalf("Unpark(%d) = %v, %v", size, fits, parked)
		}
		f.Asked(change)
		if n, err := f.Usable(p); err != nil || n < size {
			t.Errorf("Usable = %d, %v after Unpark(%d)", n, err, size)
		}
		at = f.park(p)
	}
	if got := f.space.Calls(vm.OpMap); got != calls {
		t.Errorf("parking called the kernel %d times", got-calls)
	}
	f.Retire(at)
	if s := f.Stats(); s.Live.Objects != 0 || s.Dirty.Objects != 1 {
		t.Errorf("after Retire: %+v", s)
	}
}

func TestUnparkFits(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(1 << 20)
	at := f.park(p)
	for _, size := range []uintptr{1, 128 << 10, 800_000, 1<<20 + vm.PageSize(), 2 << 20} {
		if _, fits, parked := f.Unpark(at, p, size); fits || !parked {
			t.Errorf("an object of %d bytes is handed out in a region of 1 MiB", size)
		}
	}
	f.Retire(at)
}

func TestParkRefuses(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	live := f.alloc(200_000)
	parked := f.alloc(200_000)
	at := f.park(parked)
	damaged := f.alloc(200_000)
	freed := f.alloc(200_000)
	f.free(freed)
	headerAt(damaged)[wordGuard] ^= 1
	for name, p := range map[string]uintptr{
		"inside": live + 64, "freed": freed, "parked": parked, "damaged": damaged,
		"too long": f.alloc(parkMost + 1), "nothing": 0x1000,
	} {
		if at := f.Park(p); at != 0 {
			t.Errorf("%s: parked", name)
		}
	}
	headerAt(damaged)[wordGuard] ^= 1
	f.Retire(at)

	for _, o := range []largeobj.Options{{Policy: largeobj.Unmap}, {RetainBytes: -1}} {
		g := newFixture(t, o)
		if at := g.Park(g.alloc(200_000)); at != 0 {
			t.Errorf("%+v: parked", o)
		}
	}
}

func TestParkedIsFree(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(200_000)
	at := f.park(p)
	_, resized := f.Resize(p, 300_000)
	for _, err := range []error{f.Free(p), resized} {
		var v *Violation
		if !errors.As(err, &v) || v.Reason != DoubleFree || v.Object.State != Parked {
			t.Errorf("a parked object is taken for a live one: %v", err)
		}
	}
	f.Retire(at)
}

// TestParkedTwice parks an object twice, as two goroutines may that free it at the
// same time: the first to unpark it wins.
func TestParkedTwice(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(200_000)
	at := f.park(p)
	if _, fits, parked := f.Unpark(at, p, 200_000); !fits || !parked {
		t.Fatal("not unparked")
	}
	if _, fits, parked := f.Unpark(at, p, 200_000); fits || parked {
		t.Error("unparked twice")
	}
	if v := FreedTwiceAtOnce(at); v.Addr != p || !strings.Contains(v.Detail, "two goroutines") {
		t.Errorf("the story is %v", v)
	}
	f.Retire(at) // the second entry, when the cache is given up
	if !LiveAt(pagemap.Get(p)) {
		t.Error("the object was retired while it is live")
	}
}

// TestRequestedOfParked compares the bytes asked for with what was asked for, with
// the changes that callers of Unpark report late.
func TestRequestedOfParked(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	var unreported int64
	want := func(n int64) {
		t.Helper()
		if got := f.Stats().Requested + unreported; got != n {
			t.Errorf("%d bytes requested, want %d", got, n)
		}
	}
	again := func(p, size uintptr) {
		change, _, _ := f.Unpark(f.park(p), p, size)
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
	f.Asked(unreported)
	unreported = 0
	want(400_000)
	f.free(q)
	want(0)
}
