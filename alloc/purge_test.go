// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// fast are options with which memory is returned to the kernel soon.
var fast = Options{Decay: 20 * time.Millisecond}

// load allocates blocks of all kinds and writes to them, about 30 MiB.
func load(t *testing.T, a *Allocator) []unsafe.Pointer {
	var blocks []unsafe.Pointer
	for _, size := range []int{16, 100, 1000, 5000, 30000, 100000, 200 << 10, 1 << 20} {
		for range min(4<<20/size, 10000) {
			p := alloc(t, a, size)
			fill(bytesAt(p, size), size)
			blocks = append(blocks, p)
		}
	}
	return blocks
}

// asleep reports whether the purger has stopped or has not started.
func asleep(a *Allocator) bool { return !a.awake.Load() }

// TestPurger: the purger returns freed memory to the kernel, and then stops.
func TestPurger(t *testing.T) {
	a := open(t, fast)
	for range 2 {
		before := runtime.NumGoroutine()
		for _, p := range load(t, a) {
			a.Free(p)
		}
		if asleep := asleep(a); asleep && a.space.Footprint.Now() > 0 { // it may be done before the last look
			t.Error("memory is retained and no purger runs")
		}
		if !eventually(func() bool { return a.space.Footprint.Now() == 0 }) {
			t.Fatalf("the footprint is still %d bytes", a.space.Footprint.Now())
		}
		if !eventually(func() bool { return asleep(a) && runtime.NumGoroutine() <= before }) {
			t.Fatal("the purger still runs, but has nothing to do")
		}
		if n := a.space.Mappings.Now(); n > 1 {
			t.Errorf("%d mappings are left, want that of a chunk", n)
		}
	}
}

// TestPurgerDefault is TestPurger for small blocks with the default decay.
func TestPurgerDefault(t *testing.T) {
	var a Allocator
	defer a.Close()
	for range 20000 {
		a.Free(alloc(t, &a, 1000))
	}
	if !eventually(func() bool { return a.space.Footprint.Now() == 0 }) {
		t.Errorf("the footprint is still %d bytes", a.space.Footprint.Now())
	}
}

// TestPurgerWakes: the purger starts again when memory is freed after it stopped, even a
// little.
func TestPurgerWakes(t *testing.T) {
	for _, c := range []struct {
		name string
		free func(a *Allocator, blocks []unsafe.Pointer)
	}{
		{"Free", func(a *Allocator, blocks []unsafe.Pointer) {
			for _, p := range blocks {
				a.Free(p)
			}
		}},
		{"Local", func(a *Allocator, blocks []unsafe.Pointer) {
			l := a.NewLocal()
			defer l.Close()
			for _, p := range blocks {
				l.Free(p)
			}
		}},
		{"Realloc", func(a *Allocator, blocks []unsafe.Pointer) {
			for _, p := range blocks {
				if _, err := a.Realloc(p, 0); err != nil {
					panic(err)
				}
			}
		}},
	} {
		for _, size := range []int{64, 4096, 60000, 1 << 20} {
			ok := t.Run(c.name, func(t *testing.T) {
				a := open(t, fast)
				var blocks []unsafe.Pointer
				for range 30 {
					blocks = append(blocks, alloc(t, a, size))
				}
				if !eventually(func() bool { return asleep(a) }) {
					t.Fatal("the purger still runs, but all memory is in use")
				}
				c.free(a, blocks)
				if !eventually(func() bool { return a.space.Footprint.Now() == 0 }) {
					t.Errorf("the footprint is still %d bytes, purger asleep: %v", a.space.Footprint.Now(), asleep(a))
				}
			})
			if !ok {
				return // each failure takes ten seconds
			}
		}
	}
}

// TestPurgerSpares: the purger does not change live blocks.
func TestPurgerSpares(t *testing.T) {
	a := open(t, fast)
	blocks := load(t, a)
	var kept []modelBlock
	for i, p := range blocks {
		if i%50 != 0 {
			a.Free(p)
			continue
		}
		b := modelBlock{p, UsableSize(p), i}
		fill(bytesAt(p, b.size), i)
		kept = append(kept, b)
	}
	if !eventually(func() bool { return asleep(a) }) {
		t.Fatal("the purger still runs")
	}
	for _, b := range kept {
		if !filled(bytesAt(b.p, b.size), b.number) {
			t.Fatalf("a live block of %d bytes changed", b.size)
		}
		a.Free(b.p)
	}
}

// TestDecayNever: with a negative Decay memory is kept until Trim.
func TestDecayNever(t *testing.T) {
	before := runtime.NumGoroutine()
	a := open(t, still)
	for _, p := range load(t, a) {
		a.Free(p)
	}
	if runtime.NumGoroutine() > before {
		t.Error("a goroutine was started")
	}
	kept := a.space.Footprint.Now()
	if kept < 20<<20 {
		t.Errorf("only %d bytes are kept", kept)
	}
	if n := a.Trim(); n < kept {
		t.Errorf("Trim returned %d bytes of %d", n, kept)
	}
	if n := a.space.Footprint.Now(); n != 0 {
		t.Errorf("%d bytes are kept after Trim", n)
	}
	if n := a.Trim(); n < 0 || n > 1<<20 {
		t.Errorf("a second Trim reports %d returned bytes", n)
	}
}

// TestPolicyKeep: with this policy large objects are retained, and the purger stops
// nevertheless.
func TestPolicyKeep(t *testing.T) {
	o := fast
	o.Large.Policy = largeobj.Keep
	a := open(t, o)
	for _, p := range load(t, a) {
		a.Free(p)
	}
	if !eventually(func() bool { return asleep(a) }) {
		t.Fatal("the purger still runs")
	}
	if n := a.space.Footprint.Now(); n < 6<<20 {
		t.Errorf("the footprint is %d bytes, large objects should be kept", n)
	}
	drained(t, a)
}

// TestPurgeRefused: memory that the kernel refuses to purge at one tick is purged at a
// later tick.
func TestPurgeRefused(t *testing.T) {
	a := open(t, fast)
	blocks := load(t, a)
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpMap {
			return nil
		}
		return errInjected
	})
	for _, p := range blocks {
		a.Free(p)
	}
	calls := a.space.Calls(vm.OpPurge)
	if !eventually(func() bool { return a.space.Calls(vm.OpPurge) > calls+20 }) {
		t.Fatal("the purger makes no attempt")
	}
	if a.space.Footprint.Now() == 0 || asleep(a) {
		t.Error("the purger stopped, or lost track of what it could not purge")
	}
	vm.Inject(nil)
	if !eventually(func() bool { return a.space.Footprint.Now() == 0 && asleep(a) }) {
		t.Errorf("the footprint is still %d bytes", a.space.Footprint.Now())
	}
}

// TestPurgersShare: many Allocators that are used occasionally lose their idle caches, and
// all of them together stop the world only a few times.
func TestPurgersShare(t *testing.T) {
	const n = 60
	var all []*Allocator
	for range n {
		a := open(t, still)
		a.Free(alloc(t, a, 1000))
		all = append(all, a)
	}
	before := stops()
	for range 4 {
		for _, a := range all {
			tick(a)
		}
	}
	if n := stops() - before; n > 10 {
		t.Errorf("%d stops of the world for %d Allocators", n, len(all))
	}
	for _, a := range all {
		if a.pages.Stats().Used > 0 {
			t.Fatal("the cache of a processor was not taken away")
		}
	}
}

// stops returns how often the world was stopped, not counting garbage collections.
func stops() (n uint64) {
	s := []metrics.Sample{{Name: "/sched/pauses/total/other:seconds"}}
	metrics.Read(s)
	for _, c := range s[0].Value.Float64Histogram().Counts {
		n += c
	}
	return n
}
