// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// isGuarded reports whether p is a guarded block.
func isGuarded(p unsafe.Pointer) bool {
	h := pagemap.HeaderOf(raw.Addr(p))
	return h != nil && h.Kind == pagemap.Guarded
}

// guardAll guards every small block as long as slots are free.
var guardAll = Options{Decay: -1, GuardRate: 1, ProfileRate: -1}

// guardRate returns a GuardRate for tests in which guarded blocks are one kind among others: 0
// where there are none.
func guardRate(n int) int {
	if !vm.Able(vm.Guards) {
		return 0
	}
	return n
}

// guardedBlock allocates a guarded block that lies at the end of its slot, or at its start.
func guardedBlock(t testing.TB, a *Allocator, size int, atEnd bool) unsafe.Pointer {
	t.Helper()
	for range 1000 {
		p := alloc(t, a, size)
		if !isGuarded(p) {
			t.Fatalf("%p is not guarded", p)
		}
		if (raw.Addr(p)%slotBytes() != 0) == atEnd {
			return p
		}
		a.Free(p)
	}
	t.Fatal("the blocks all lie at the same side")
	return nil
}

// TestStaleShadow: the block that a guarded block replaces is free for the program, although it is
// allocated. If the program had it before, and frees it a second time, that is misuse.
func TestStaleShadow(t *testing.T) {
	vm.Require(t, vm.Guards)
	for name, o := range map[string]Options{
		"plain":    guardAll,
		"profiled": {Decay: -1, GuardRate: 1, ProfileRate: 1},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, o)
			var guarded []unsafe.Pointer
			p := alloc(t, a, 1000)
			for isGuarded(p) {
				guarded = append(guarded, p)
				p = alloc(t, a, 1000)
			}
			a.Free(guarded[0])
			a.Free(p)
			guarded[0] = alloc(t, a, 1000) // in the slot that is free, instead of p
			if !isGuarded(guarded[0]) {
				t.Fatal("the block is not guarded")
			}
			for _, f := range []func(){
				func() { a.Free(p) },
				func() { _, _ = a.Realloc(p, 2000) },
				func() { a.FreeBatch([]unsafe.Pointer{p}) },
			} {
				if m := misused(t, f); m.Kind != DoubleFree && m.Kind != UseAfterFree || m.State != "free" {
					t.Errorf("a stale pointer: %v", m)
				}
			}
			for _, q := range guarded {
				a.Free(q)
			}
			if n := liveBlocks(a); n != 0 {
				t.Errorf("%d blocks are live", n)
			}
			check(t, a)
		})
	}
}

var unread byte // keeps reads from being optimised away

//go:noinline
func freeThere(a *Allocator, p unsafe.Pointer) { a.Free(p) }

// misused runs f, which must panic or fault, and returns the report.
func misused(t *testing.T, f func()) (e *MisuseError) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			var ok bool
			if e, ok = r.(*MisuseError); !ok {
				panic(r)
			}
		}
	}()
	if err := Catch(f); !errors.As(err, &e) {
		t.Fatalf("nothing was reported but %v", err)
	}
	return e
}

func TestGuardReports(t *testing.T) {
	vm.Require(t, vm.Guards)
	const size = 100
	read, write := func(p unsafe.Pointer) { unread = *(*byte)(p) }, func(p unsafe.Pointer) { *(*byte)(p) = 1 }
	both := []string{"allocated by", "TestGuardReports", "guard_test.go"}
	both = slices.Clip(both)
	after := slices.Clip(append(both, "freed by", "freeThere"))
	for _, c := range []struct {
		name  string
		atEnd bool
		do    func(a *Allocator, p unsafe.Pointer)
		kind  MisuseKind
		op    string
		state string
		says  []string
	}{
		{"write beyond the slot", true, func(_ *Allocator, p unsafe.Pointer) { write(at(p, 112)) }, Overflow, "access", "live", append(both, "13 bytes beyond the end")},
		{"read beyond the slot", true, func(_ *Allocator, p unsafe.Pointer) { read(at(p, 112+8)) }, Overflow, "access", "live", append(both, "21 bytes beyond the end")},
		{"write before the slot", false, func(_ *Allocator, p unsafe.Pointer) { write(at(p, -1)) }, Underflow, "access", "live", append(both, "1 byte before the start")},
		{"read before the slot", false, func(_ *Allocator, p unsafe.Pointer) { read(at(p, -8)) }, Underflow, "access", "live", append(both, "8 bytes before the start")},
		{"write in the rounding", true, func(a *Allocator, p unsafe.Pointer) { write(at(p, size)); a.Free(p) }, Overflow, "Free", "live", append(both, "1 byte beyond the end", "0x01")},
		{"write beyond the block", false, func(a *Allocator, p unsafe.Pointer) { write(at(p, size+7)); a.Free(p) }, Overflow, "Free", "live", append(both, "8 bytes beyond the end")},
		{"write before the block", true, func(a *Allocator, p unsafe.Pointer) { write(at(p, -3)); a.Free(p) }, Underflow, "Free", "live", append(both, "3 bytes before the start")},
		{"read after free", true, func(a *Allocator, p unsafe.Pointer) { freeThere(a, p); read(at(p, 5)) }, UseAfterFree, "access", "free", append(after, "5 bytes into the block")},
		{"write after free", false, func(a *Allocator, p unsafe.Pointer) { freeThere(a, p); write(at(p, 99)) }, UseAfterFree, "access", "free", after},
		{"free twice", false, func(a *Allocator, p unsafe.Pointer) { freeThere(a, p); a.Free(p) }, DoubleFree, "Free", "free", append(after, "free already")},
		{"Realloc after free", true, func(a *Allocator, p unsafe.Pointer) { freeThere(a, p); _, _ = a.Realloc(p, 50) }, UseAfterFree, "Realloc", "free", after},
		{"UsableSize after free", true, func(a *Allocator, p unsafe.Pointer) { freeThere(a, p); UsableSize(p) }, UseAfterFree, "UsableSize", "free", after},
		{"free inside", true, func(a *Allocator, p unsafe.Pointer) { a.Free(unsafe.Add(p, 16)) }, InvalidPointer, "Free", "live", append(both, "16 bytes inside a block")},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := guardAll
			a, err := NewAllocator(o)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close() // with a live block
			p := guardedBlock(t, a, size, c.atEnd)
			e := misused(t, func() { c.do(a, p) })
			if e.Kind != c.kind || e.Op != c.op || e.Block != raw.Addr(p) || e.Size != size || e.State != c.state {
				t.Errorf("%v by %q, block %#x of %d bytes, %s; want %v by %q, %p of %d, %s", e.Kind, e.Op, e.Block, e.Size, e.State, c.kind, c.op, p, size, c.state)
			}
			if e.Op == "access" && !onfault.Exact {
				c.says = append(both, pageOnly)
			}
			for _, want := range c.says {
				if !strings.Contains(e.Error(), want) {
					t.Errorf("the text does not say %q:\n%v", want, e)
				}
			}
		})
	}
}

// TestGuardedBlocks: guarded blocks behave like other blocks in a correct program.
func TestGuardedBlocks(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, guardAll)
	l := a.NewLocal()
	defer l.Close()
	for _, size := range []int{0, 1, 15, 16, 100, 4096, 5000, 8192} {
		for name, allocate := range map[string]func() (unsafe.Pointer, error){
			"Malloc":       func() (unsafe.Pointer, error) { return a.Malloc(size) },
			"Calloc":       func() (unsafe.Pointer, error) { return a.Calloc(1, size) },
			"Memalign":     func() (unsafe.Pointer, error) { return a.Memalign(1<<10, size) },
			"Local.Malloc": func() (unsafe.Pointer, error) { return l.Malloc(size) },
			"Local.Calloc": func() (unsafe.Pointer, error) { return l.Calloc(size, 1) },
			"Realloc":      func() (unsafe.Pointer, error) { return a.Realloc(alloc(t, a, 3), max(size, 1)) },
		} {
			p, err := allocate()
			if err != nil || !isGuarded(p) || UsableSize(p) < size || raw.Addr(p)%16 != 0 {
				t.Fatalf("%s(%d): %p, %v", name, size, p, err)
			}
			if name == "Memalign" && raw.Addr(p)%(1<<10) != 0 {
				t.Errorf("Memalign gives %p", p)
			}
			b := raw.Bytes(raw.Addr(p), uintptr(UsableSize(p)))
			for i := range b {
				if b[i] != 0 && strings.HasSuffix(name, "Calloc") {
					t.Fatalf("%s(%d): byte %d is %#x", name, size, i, b[i])
				}
				b[i] = 0xee
			}
			q, err := a.Realloc(p, size+1000)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range raw.Bytes(raw.Addr(q), uintptr(size)) {
				if got != 0xee {
					t.Fatalf("%s(%d): byte %d is %#x after Realloc", name, size, i, got)
				}
			}
			l.Free(q)
		}
	}
	if p := alloc(t, a, int(slotBytes())+1000); isGuarded(p) {
		t.Error("a block larger than a slot is guarded")
	} else {
		a.Free(p)
	}
	if s := a.Stats(); s.Live() != 0 || s.Memory.Guards != 0 || s.Memory.GuardsClean == 0 {
		t.Errorf("%d live blocks, %d and %d bytes of the guard pool after everything is freed", s.Live(), s.Memory.Guards, s.Memory.GuardsClean)
	}
}

// TestGuardQuarantine: a freed slot is used again only after all others.
func TestGuardQuarantine(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, guardAll)
	last := map[uintptr]int{}
	for i := range 3 * guardSlots {
		p := alloc(t, a, 16)
		slot := raw.Addr(p) / slotBytes()
		if before, ok := last[slot]; ok && i-before != guardSlots {
			t.Fatalf("a slot was used again after %d others", i-before-1)
		}
		last[slot] = i
		a.Free(p)
	}
}

// TestGuardsFull: while no slot is free, blocks are not guarded. When slots are free again,
// blocks are guarded again.
func TestGuardsFull(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, guardAll)
	var all []unsafe.Pointer
	for range guardSlots {
		all = append(all, alloc(t, a, 64))
		if !isGuarded(all[len(all)-1]) {
			t.Fatalf("block %d is not guarded", len(all))
		}
	}
	p := alloc(t, a, 64)
	if isGuarded(p) {
		t.Error("there are more guarded blocks than slots")
	}
	a.Free(p)
	a.Free(all[7])
	if all[7] = alloc(t, a, 64); !isGuarded(all[7]) {
		t.Error("the slot that was freed is not used")
	}
	if s := a.Stats(); s.Memory.Guards != int64(guardSlots*slotBytes()) || s.Live() != guardSlots {
		t.Errorf("%d bytes of guards, %d live blocks", s.Memory.Guards, s.Live())
	}
	for _, p := range all {
		a.Free(p)
	}
}

// TestGuardRate: one block in every so many is guarded, whatever else is sampled. Guarding
// does not change how many blocks are sampled.
func TestGuardRate(t *testing.T) {
	vm.Require(t, vm.Guards)
	const n, blocks, rate = 50, 200_000, 4 << 10
	a, err := NewAllocator(Options{Decay: -1, GuardRate: n, ProfileRate: rate})
	if err != nil {
		t.Fatal(err)
	}
	a.sampler.rng.fixed = rand.New(rand.NewPCG(11, 12))
	defer a.Close()
	guarded := 0
	for range blocks {
		p := alloc(t, a, 64)
		if isGuarded(p) {
			guarded++
		}
		a.Free(p)
	}
	roughly(t, "guarded", float64(guarded), blocks, 1.0/n)
	roughly(t, "sampled", float64(a.Profile().Sampled()), blocks, a.probability(64))
	_ = a.Inspect().SetGuardRate(0)
	for range 10_000 {
		p := alloc(t, a, 64)
		if isGuarded(p) {
			t.Fatal("a block is guarded after guarding was turned off")
		}
		a.Free(p)
	}
}

// TestGuardPace: a rate for production is also bounded by time.
func TestGuardPace(t *testing.T) {
	var g guardPool
	g.rate.Store(production)
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		after time.Duration
		soon  bool
	}{{0, false}, {0, true}, {guardPace - 1, true}, {guardPace, false}, {guardPace + 1, true}, {-time.Hour, false}} {
		if soon := g.tooSoon(now.Add(c.after)); soon != c.soon {
			t.Errorf("after %v: too soon: %v", c.after, soon)
		}
	}
	g.rate.Store(production - 1)
	for range 2 {
		if g.tooSoon(now) {
			t.Error("a rate for tests is bounded")
		}
	}
}

// roughly checks that the number of successes in n trials is within three standard errors
// of the expected number.
func roughly(t *testing.T, what string, got float64, trials int, p float64) {
	t.Helper()
	want := float64(trials) * p
	if d := got - want; d*d > 9*want*(1-p) {
		t.Errorf("%s: %v of %d, want %.0f", what, got, trials, want)
	}
}

// TestGuardsRefused: if the kernel refuses to protect pages, blocks are not guarded, or
// their pages stay accessible. No memory is lost.
func TestGuardsRefused(t *testing.T) {
	for _, refused := range [][]vm.Op{{vm.OpMap}, {vm.OpGuard}, {vm.OpGuard, vm.OpProtect}, {vm.OpGuard, vm.OpPurge},
		{vm.OpGuard, vm.OpProtect, vm.OpRelease}} {
		for after := 0; after < 3*guardSlots; after += 1 + after/8 {
			a := openOnly(t, guardAll)
			_ = a.Inspect().SetGuardRate(0)
			a.Free(alloc(t, a, 64)) // allocates the span
			_ = a.Inspect().SetGuardRate(1)
			calls := 0
			vm.Inject(func(op vm.Op) error {
				for _, r := range refused {
					if op == r {
						if calls++; calls > after {
							return syscall.EINVAL
						}
					}
				}
				return nil
			})
			for range guardSlots + 1 {
				p, err := a.Calloc(1, 64)
				if must(t, p, err); !zero(bytesAt(p, 64)) {
					t.Fatalf("% x: not zero", bytesAt(p, 64))
				}
				fill(bytesAt(p, 64), 3)
				a.Free(p)
			}
			shut(t, a)
		}
	}
}

// TestGuardsConcurrent: many goroutines use guarded blocks and free each other's blocks.
func TestGuardsConcurrent(t *testing.T) {
	a := open(t, Options{Decay: -1, GuardRate: 3})
	var done sync.WaitGroup
	handed := make(chan unsafe.Pointer, 16)
	for range 4 {
		done.Go(func() {
			for i := range 2000 {
				p := alloc(t, a, 1+i%300)
				fill(bytesAt(p, 1+i%300), i)
				select {
				case handed <- p:
				default:
					a.Free(p)
				}
				select {
				case q := <-handed:
					a.Free(q)
				default:
				}
			}
		})
	}
	done.Wait()
	close(handed)
	for p := range handed {
		a.Free(p)
	}
}

// TestGuardClosed: an operation on a guarded block of a closed Allocator is reported as
// such.
func TestGuardClosed(t *testing.T) {
	vm.Require(t, vm.Guards)
	a, err := NewAllocator(guardAll)
	if err != nil {
		t.Fatal(err)
	}
	p := alloc(t, a, 64)
	if err := a.Close(); err != nil || a.space.Mapped.Now() != 0 || a.space.Footprint.Now() != 0 || a.space.Mappings.Now() != 0 {
		t.Fatalf("%v; %d bytes in %d mappings, %d charged", err, a.space.Mapped.Now(), a.space.Mappings.Now(), a.space.Footprint.Now())
	}
	e := misused(t, func() { a.Free(p) })
	if e.Kind != UseAfterClose || !strings.Contains(e.Detail, "closed") {
		t.Error(e)
	}
}

// BenchmarkGuards measures a pair of Malloc and Free, without guarded blocks and with
// several rates.
func BenchmarkGuards(b *testing.B) {
	for _, size := range []int{64, 1 << 10} {
		for _, rate := range []int{0, 5000, 1} {
			b.Run(fmt.Sprintf("size=%d/rate=%d", size, rate), func(b *testing.B) {
				a := open(b, Options{Decay: -1, GuardRate: rate})
				for b.Loop() {
					p, _ := a.Malloc(size)
					a.Free(p)
				}
			})
		}
	}
}
