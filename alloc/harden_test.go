// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestZeroOnFree: the contents of a freed block are not in the blocks allocated later.
func TestZeroOnFree(t *testing.T) {
	for _, rate := range []int{-1, 1, 4 << 10} {
		a := open(t, Options{Decay: -1, ProfileRate: rate, Hardening: Hardening{ZeroOnFree: true}})
		l := a.NewLocal()
		for _, size := range []int{1, 64, 100, 5000, 100 << 10, 200 << 10, 3 << 20} {
			for _, m := range []interface {
				Malloc(int) (unsafe.Pointer, error)
				Free(unsafe.Pointer)
			}{a, l} {
				var all []unsafe.Pointer
				for range 5 {
					p := alloc(t, m, size)
					usable := UsableSize(p)
					fill(bytesAt(p, usable), size)
					all = append(all, p)
				}
				for _, p := range all {
					m.Free(p)
				}
				for i := range all {
					all[i] = alloc(t, m, size)
					if !zero(bytesAt(all[i], UsableSize(all[i]))) {
						t.Errorf("a block of %d bytes holds what an earlier one held", size)
					}
				}
				for _, p := range all {
					m.Free(p)
				}
			}
		}
		l.Close()
	}
}

// TestZeroOnFreeTwice: a double free is reported as it is without ZeroOnFree.
func TestZeroOnFreeTwice(t *testing.T) {
	a := open(t, Options{Decay: -1, Hardening: Hardening{ZeroOnFree: true}})
	p := alloc(t, a, 64)
	a.Free(p)
	wantMisuse(t, func() { a.Free(p) }, MisuseError{Kind: DoubleFree, Op: "Free", Addr: raw.Addr(p), Block: raw.Addr(p), Size: 64, State: "free"})
}

// TestZeroOnFreeMisuse: a refused free does not change the block.
func TestZeroOnFreeMisuse(t *testing.T) {
	a := open(t, Options{Decay: -1, Hardening: Hardening{ZeroOnFree: true}})
	p := alloc(t, a, 1<<20)
	fill(bytesAt(p, 1<<20), 1)
	header := bytesAt(at(p, -8), 8)
	header[3]++
	if _, ok := panicOf(func() { a.Free(p) }).(*MisuseError); !ok || zero(bytesAt(p, 100)) {
		t.Errorf("the overwritten header was reported: %v; the object's first bytes are % x", ok, bytesAt(p, 10))
	}
	header[3]--
	a.Free(p)
}

// TestZeroOnFreeOpen: the contents of a guarded block are cleared even if the kernel leaves
// its page accessible.
func TestZeroOnFreeOpen(t *testing.T) {
	vm.Require(t, vm.Guards)
	o := guardAll
	o.Hardening.ZeroOnFree = true
	a := open(t, o)
	p := alloc(t, a, 100)
	fill(bytesAt(p, 100), 1)
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpGuard || op == vm.OpProtect {
			return vm.ErrOutOfMemory
		}
		return nil
	})
	a.Free(p)
	if !isGuarded(p) || !zero(bytesAt(p, 100)) {
		t.Errorf("the block at %p holds % x", p, bytesAt(p, 10))
	}
}

// TestRandomOrder: the order of addresses differs between runs, and every block is
// allocated once.
func TestRandomOrder(t *testing.T) {
	order := func(h Hardening) (addrs []uintptr) {
		a := open(t, Options{Decay: -1, Hardening: h})
		l := local(t, a) // one cache
		for range 1000 {
			p := alloc(t, l, 64)
			addrs = append(addrs, raw.Addr(p))
			defer a.Free(p)
		}
		for i := range addrs[1:] {
			addrs[i] -= addrs[i+1] // distances between consecutive addresses
		}
		return addrs[:len(addrs)-1]
	}
	common := func(distances []uintptr) (longest int) {
		slices.Sort(distances)
		for i, run := 1, 1; i < len(distances); i++ {
			if run++; distances[i] != distances[i-1] {
				run = 1
			}
			longest = max(longest, run)
		}
		return longest
	}
	if n := common(order(Hardening{})); n < 900 {
		t.Fatalf("without the option %d of 999 pairs of blocks have the same distance", n)
	}
	if n := common(order(Hardening{RandomOrder: true})); n > 50 {
		t.Errorf("%d of 999 pairs of blocks have the same distance", n)
	}
}

// spanGuards returns options with span guards. It skips the test where they are refused.
func spanGuards(t *testing.T) Options {
	t.Helper()
	vm.Require(t, vm.Guards)
	if size := vm.PageSize(); size > sizeclass.PageSize {
		t.Skipf("the kernel's pages have %d bytes", size)
	}
	return Options{Decay: -1, Hardening: Hardening{SpanGuards: true}}
}

// TestSpanGuards: an access that runs beyond the last block of a span faults.
func TestSpanGuards(t *testing.T) {
	options := spanGuards(t)
	for _, c := range []struct {
		name    string
		without bool // kernels with guard markers
	}{{"as the kernel can", false}, {"by mprotect", true}} {
		t.Run(c.name, func(t *testing.T) {
			if c.without {
				vm.Inject(func(op vm.Op) error {
					if op == vm.OpGuard {
						return syscall.EINVAL
					}
					return nil
				})
			}
			a := open(t, options)
			for _, size := range []int{16, 100, 4096, 60 << 10} {
				p := lastOfSpan(t, a, size)
				n := UsableSize(p)
				tail := int(raw.AlignUp(raw.Addr(p)+uintptr(n), sizeclass.PageSize) - raw.Addr(p) - uintptr(n))
				fill(bytesAt(p, n+tail), 1) // as far as the guard page
				if raceannotate.Enabled {
					continue // the runtime treats a fault in the Go heap as its own error
				}
				e := misused(t, func() { clear(bytesAt(p, n+tail+1)[n+tail:]) })
				if e.Kind != Overflow || e.Op != "access" || e.Block != raw.Addr(p) || e.Size != n || e.State != "live" ||
					!strings.Contains(e.Detail, fmt.Sprintf("%s beyond the last block", bytesOf(tail+1))) {
					t.Errorf("%v; want the block %p of %d bytes", e, p, n)
				}
			}
		})
	}
}

// lastOfSpan allocates blocks until one is the last of its span, and returns that block.
// The test frees all of them at its end.
func lastOfSpan(t *testing.T, a *Allocator, size int) unsafe.Pointer {
	t.Helper()
	for range 10_000 {
		p := alloc(t, a, size)
		t.Cleanup(func() { a.Free(p) })
		h := headerAt(pagemap.Get(raw.Addr(p)))
		if h.Index(raw.Addr(p)) == h.Blocks-1 {
			return p
		}
	}
	t.Fatal("no block is the last of its span")
	return nil
}

// TestUnsupportedOptions: a platform whose memory lacks a feature refuses an option that needs it,
// at once. So does a kernel whose pages are too large for span guards.
func TestUnsupportedOptions(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		needs   vm.Feature
	}{
		"SpanGuards": {Options{Hardening: Hardening{SpanGuards: true}}, vm.Guards},
		"GuardRate":  {Options{GuardRate: 5000}, vm.Guards},
		"HugePages":  {Options{HugePages: HugePagesDense}, vm.HugePages},
	} {
		a, err := NewAllocator(c.options)
		if name == "SpanGuards" && vm.Able(vm.Guards) && vm.PageSize() > sizeclass.PageSize {
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), name) {
				t.Errorf("SpanGuards with pages of %d bytes: %v", vm.PageSize(), err)
			}
			continue
		}
		if vm.Able(c.needs) {
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), name) ||
			!strings.Contains(err.Error(), c.needs.String()) || !strings.Contains(err.Error(), vm.Platform()) {
			t.Errorf("%s: %v, want an error that names the option, the feature and the platform", name, err)
		}
	}
}

// TestSpanGuardsRefused: if the kernel refuses guard pages, allocations fail or some memory
// is lost and counted.
func TestSpanGuardsRefused(t *testing.T) {
	options := spanGuards(t)
	for _, persistent := range []bool{false, true} {
		for at := 1; at < 40; at++ {
			a := openOnly(t, options)
			calls := 0
			vm.Inject(func(op vm.Op) error {
				if op == vm.OpGuard || op == vm.OpProtect || op == vm.OpPurge {
					if calls++; calls == at || persistent && calls > at {
						return vm.ErrOutOfMemory
					}
				}
				return nil
			})
			var all []unsafe.Pointer
			for i := range 20 {
				if p, err := a.Malloc(1000 * (i + 1)); err == nil {
					fill(bytesAt(p, 1000*(i+1)), i)
					all = append(all, p)
				}
			}
			for _, p := range all {
				a.Free(p)
			}
			check(t, a)
			a.Trim()
			shut(t, a)
		}
	}
}

// TestSpanGuardNotMade: if the guard page of a new span cannot be made, all pages of the
// span are freed. This holds for mprotect, too.
func TestSpanGuardNotMade(t *testing.T) {
	options := spanGuards(t)
	a := open(t, options)
	refused := false
	vm.Inject(func(op vm.Op) error {
		switch {
		case op == vm.OpGuard:
			return syscall.EINVAL // as a kernel without markers
		case op == vm.OpProtect && !refused:
			refused = true
			return vm.ErrOutOfMemory
		}
		return nil
	})
	a.Free(alloc(t, a, 64)) // the second attempt succeeds
	if n := a.lostGuards.pages.Load(); n != 0 || !refused {
		t.Errorf("%d pages are lost", n)
	}
}

// BenchmarkHardening measures a pair of Malloc and Free with each of the options.
func BenchmarkHardening(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 16 << 10} {
		for _, c := range []struct {
			name string
			h    Hardening
		}{
			{"none", Hardening{}},
			{"zero", Hardening{ZeroOnFree: true}},
			{"order", Hardening{RandomOrder: true}},
			{"guards", Hardening{SpanGuards: true}},
		} {
			b.Run(fmt.Sprintf("size=%d/option=%s", size, c.name), func(b *testing.B) {
				a := open(b, Options{Decay: -1, Hardening: c.h})
				blocks := make([]unsafe.Pointer, 1000)
				for b.Loop() {
					fillBatch(a, blocks, size)
					freeBatch(a, blocks)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/block")
			})
		}
	}
}
