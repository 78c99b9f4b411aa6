// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

var errInjected = fmt.Errorf("injected: %w", vm.ErrOutOfMemory)

// refuse makes the kernel refuse the given calls, and returns how often it did.
func refuse(ops ...vm.Op) *atomic.Int64 {
	var n atomic.Int64
	vm.Inject(func(op vm.Op) error {
		for _, o := range ops {
			if o == op {
				n.Add(1)
				return errInjected
			}
		}
		return nil
	})
	return &n
}

// A script is a random sequence of calls on a heap, the same for each run with one seed,
// and a model of the heap. Calls may fail for lack of memory, but must not lose or change
// anything then.
type script struct {
	f       *fixture
	rng     *rand.Rand
	objects []modelled
	keys    uint64
	twice   bool // see perform
}

type modelled struct {
	p, size, align uintptr
	key            uint64
}

func (s *script) step() {
	t := s.f.t
	t.Helper()
	switch n := s.rng.UintN(10); {
	case n < 4:
		m := modelled{size: 1 + uintptr(s.rng.Uint64N(mib)), align: 64 << s.rng.UintN(10)}
		var p uintptr
		if !s.perform(func() (err error) {
			p, _, err = s.f.Alloc(m.size, m.align, n == 0)
			return err
		}, func() {}) {
			return
		}
		if n == 0 && !isZero(p, m.size) {
			t.Fatal("not zeroed")
		}
		m.p = p
		s.write(&m)
		s.objects = append(s.objects, m)
	case n < 6 && len(s.objects) > 0:
		m := &s.objects[s.rng.IntN(len(s.objects))]
		size := 1 + uintptr(s.rng.Uint64N(2*mib))
		var p uintptr
		if !s.perform(func() (err error) {
			p, err = s.f.Resize(m.p, size)
			return err
		}, func() { s.verify(*m) }) {
			return
		}
		if p%m.align != 0 {
			t.Fatalf("%#x is not aligned to %d", p, m.align)
		}
		if at := wrong(p, m.size, min(m.size, size), m.key); at >= 0 {
			t.Fatalf("Resize from %d to %d: contents differ at %d", m.size, size, at)
		}
		m.p, m.size = p, size
		s.write(m)
	case n < 9 && len(s.objects) > 0:
		i := s.rng.IntN(len(s.objects))
		s.verify(s.objects[i])
		s.f.free(s.objects[i].p) // never fails
		s.objects[i] = s.objects[len(s.objects)-1]
		s.objects = s.objects[:len(s.objects)-1]
	default:
		all := s.rng.UintN(8) == 0
		s.perform(func() error {
			_, err := s.f.Purge(all)
			return err
		}, func() {})
	}
}

// perform makes a call, and reports whether it succeeded. If it fails and twice is set, perform
// makes the same call again, while kernel calls still fail, and once more when none does. That
// one must succeed. A failure must leave the number of live objects and their bytes, and what
// unchanged checks.
func (s *script) perform(call func() error, unchanged func()) (done bool) {
	s.f.t.Helper()
	before := s.f.Stats()
	refused := func(err error) error {
		s.failed(err)
		unchanged()
		s.f.sound()
		if now := s.f.Stats(); now.Live != before.Live || now.Requested != before.Requested {
			return fmt.Errorf("after %v: %+v, was %+v", err, now, before)
		}
		return nil
	}
	if !s.twice {
		err := call()
		if err != nil {
			if err := refused(err); err != nil {
				s.f.t.Fatal(err)
			}
		}
		return err == nil
	}
	done, wrong := vm.Insist(call, refused, nil)
	if wrong != nil {
		s.f.t.Fatal(wrong)
	}
	return done
}

func (s *script) write(m *modelled) {
	s.keys++
	m.key = s.keys
	fill(m.p, m.size, m.key)
}

func (s *script) verify(m modelled) {
	s.f.t.Helper()
	if at := wrong(m.p, m.size, m.size, m.key); at >= 0 {
		s.f.t.Fatalf("contents of %d bytes at %#x differ at %d", m.size, m.p, at)
	}
}

// failed reports whether err is lack of memory. Any other error fails the test.
func (s *script) failed(err error) bool {
	s.f.t.Helper()
	if err != nil && !errors.Is(err, vm.ErrOutOfMemory) {
		s.f.t.Fatal(err)
	}
	return err != nil
}

// run runs a script of n calls and then frees everything.
func (s *script) run(n int) {
	s.f.t.Helper()
	for range n {
		s.step()
		s.f.sound()
	}
}

// finish verifies and frees all objects, and checks that the heap works again.
func (s *script) finish() {
	s.f.t.Helper()
	for _, m := range s.objects {
		s.verify(m)
		s.f.free(m.p)
	}
	s.f.sound()
	p := s.f.alloc(mib)
	s.f.free(s.f.resize(p, 4*mib))
	s.f.purge(true)
	if got := s.f.Stats(); got != (Stats{}) {
		s.f.t.Errorf("not freed: %+v", got)
	}
	s.f.nothingLeft()
}

var faultOptions = map[string]largeobj.Options{
	"default": {RetainBytes: 8 * mib},
	"unmap":   {Policy: largeobj.Unmap},
	"keep":    {Policy: largeobj.Keep, RetainBytes: 8 * mib},
	"lazy":    {LazyPurge: true, RetainBytes: 8 * mib},
	"carve":   {MaxMappings: 1, RetainBytes: 8 * mib},
}

// TestEveryKernelCallFails runs the script once for each call to the kernel. In that run this
// call fails, or this call and the nine after it, or all calls from it on until a call of the heap
// has failed twice.
func TestEveryKernelCallFails(t *testing.T) {
	const steps = 40
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for name, options := range faultOptions {
		t.Run(name, func(t *testing.T) {
			for _, burst := range []int64{1, 10, math.MaxInt64 / 2} {
				for seed := range seeds {
					calls := int64(1)
					for n := int64(0); n < calls; n++ {
						f := newFixture(t, options)
						s := &script{f: f, rng: rand.New(rand.NewPCG(seed, 0)), twice: burst > 10}
						var at atomic.Int64
						vm.Inject(func(vm.Op) error {
							if i := at.Add(1) - 1; n <= i && i < n+burst {
								return errInjected
							}
							return nil
						})
						s.run(steps)
						vm.Inject(nil)
						calls = max(calls, at.Load())
						s.finish()
					}
					fewest := int64(3)
					if !vm.Able(vm.Parts) {
						fewest = 2
					}
					if vm.Able(vm.OffHeap) && calls < fewest {
						t.Errorf("only %d kernel calls", calls)
					}
				}
			}
		})
	}
}

// Calls of one kind fail at random for a long time.
func TestKernelCallsFailAtRandom(t *testing.T) {
	for name, options := range faultOptions {
		t.Run(name, func(t *testing.T) {
			for op := vm.OpMap; op <= vm.OpRemap; op++ {
				f := newFixture(t, options)
				s := &script{f: f, rng: rand.New(rand.NewPCG(uint64(op), 1))}
				rng := rand.New(rand.NewPCG(uint64(op), 2))
				vm.Inject(func(o vm.Op) error {
					if o == op && rng.UintN(3) > 0 {
						return errInjected
					}
					return nil
				})
				s.run(300)
				vm.Inject(nil)
				s.finish()
			}
		})
	}
}

// TestUnmapRefused: an extent that the kernel refuses to unmap costs no RAM and serves
// further requests. The heap tries to unmap it at every tick, under every policy.
func TestUnmapRefused(t *testing.T) {
	vm.Require(t, vm.Purging)
	const size = 16 * mib
	for name, c := range map[string]struct {
		options largeobj.Options
		release func(f *fixture, p uintptr) // makes the heap try to unmap
	}{
		"freed":       {largeobj.Options{Policy: largeobj.Unmap}, func(f *fixture, p uintptr) { f.free(p) }},
		"over budget": {largeobj.Options{RetainBytes: mib}, func(f *fixture, p uintptr) { f.free(p) }},
		"over budget, kept": {largeobj.Options{Policy: largeobj.Keep, RetainBytes: mib},
			func(f *fixture, p uintptr) { f.free(p) }},
		"trimmed": {largeobj.Options{Policy: largeobj.Keep}, func(f *fixture, p uintptr) {
			f.free(p)
			if _, err := f.Purge(true); !errors.Is(err, vm.ErrOutOfMemory) {
				f.t.Errorf("Purge(true): %v", err)
			}
		}},
		"aged": {largeobj.Options{}, func(f *fixture, p uintptr) {
			f.free(p)
			f.ticks(unmapAge - 1)
			if _, err := f.Purge(false); !errors.Is(err, vm.ErrOutOfMemory) {
				f.t.Errorf("Purge: %v", err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, c.options)
			p := f.alloc(size)
			dirtyAll(p, size)
			before := residentBytes(t)
			refused := refuse(vm.OpRelease)
			c.release(f, p)
			if refused.Load() == 0 {
				t.Fatal("nothing was tried")
			}
			f.sound()
			if gone := before - residentBytes(t); gone < size/2 {
				t.Errorf("only %d bytes are no longer resident", gone)
			}
			if n := f.space.Footprint.Now(); n != 0 {
				t.Errorf("%d bytes still charged", n)
			}
			if s := f.Stats(); s.Clean.Objects != 1 {
				t.Errorf("%+v", s)
			}
			if v := violation(t, f.Free(p)); v.Reason != DoubleFree {
				t.Errorf("%v", v)
			}
			if !f.HasPurgeable() {
				t.Errorf("HasPurgeable reports false, so nobody tries again")
			}
			tried := refused.Load()
			if _, err := f.Purge(false); !errors.Is(err, vm.ErrOutOfMemory) || refused.Load() != tried+1 {
				t.Errorf("at the next tick: %v after %d tries", err, refused.Load()-tried)
			}
			q, _, err := f.Alloc(size, 64, true)
			if err != nil || q != p {
				t.Errorf("it is not used again: %#x, %v", q, err)
			} else {
				if !isZero(q, size) {
					t.Errorf("not zeroed")
				}
				dirtyAll(q, size)
				f.free(q)
				_, _ = f.Purge(true)
			}
			vm.Inject(nil)
			f.purge(false)
			if n := f.space.Mapped.Now(); n != 0 {
				t.Errorf("%d bytes are still mapped when the kernel no longer refuses", n)
			}
			if f.HasPurgeable() {
				t.Errorf("HasPurgeable still reports true")
			}
		})
	}
}

// TestRefusedIsTriedFirst: a tick first tries the extents that the kernel refused, and then
// purges those that are old enough.
func TestRefusedIsTriedFirst(t *testing.T) {
	f := newFixture(t, largeobj.Options{RetainBytes: 4 * mib})
	young, refused := f.alloc(mib), f.alloc(8*mib)
	f.free(young)
	f.ticks(purgeAge)
	refuse(vm.OpRelease)
	f.free(refused)
	vm.Inject(nil)
	f.ticks(1)
	if o, ok := f.Find(refused); ok {
		t.Errorf("not tried: %v", o)
	}
	if _, ok := f.Find(young); !ok {
		t.Errorf("the young extent was purged or unmapped")
	}
}

// A kernel that neither unmaps nor purges leaves the memory dirty and charged.
func TestAllRefused(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	ps := []uintptr{f.alloc(mib), f.alloc(2 * mib), f.alloc(3 * mib)}
	for _, p := range ps {
		dirtyAll(p, mib)
		f.free(p)
	}
	charged := f.space.Footprint.Now()
	refuse(vm.OpRelease, vm.OpPurge)
	for range unmapAge * 2 {
		_, err := f.Purge(false)
		f.sound()
		if err != nil && !errors.Is(err, vm.ErrOutOfMemory) {
			t.Fatal(err)
		}
	}
	if n, err := f.Purge(true); n != 0 || !errors.Is(err, vm.ErrOutOfMemory) {
		t.Errorf("Purge(true) = %d, %v", n, err)
	}
	f.sound()
	if n := f.space.Footprint.Now(); n != charged {
		t.Errorf("%d bytes charged, should be %d", n, charged)
	}
	p, _, err := f.Alloc(mib, 64, true)
	if err != nil || p != ps[0] || !isZero(p, mib) {
		t.Errorf("Alloc = %#x, %v", p, err)
	}
	f.free(p)
	vm.Inject(nil)
	if n := f.purge(true); n != charged {
		t.Errorf("Purge(true) = %d", n)
	}
}

// Shrinking gives the RAM back even if the kernel refuses to cut the mapping.
func TestShrinkRefused(t *testing.T) {
	vm.Require(t, vm.Purging)
	const size = 16 * mib
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(size)
	fill(p, size, 1)
	dirtyAll(p+mib, size-mib)
	before := residentBytes(t)
	refuse(vm.OpRemap)
	if q := f.resize(p, mib); q != p {
		t.Errorf("moved")
	}
	vm.Inject(nil)
	f.sound()
	if gone := before - residentBytes(t); gone < size/2 {
		t.Errorf("only %d bytes are no longer resident", gone)
	}
	if at := wrong(p, size, mib-8, 1); at >= 0 {
		t.Errorf("contents differ at %d", at)
	}
	if n, _ := f.Usable(p); n < mib {
		t.Errorf("usable %d", n)
	}
	f.resize(p, 900*kib) // the kernel no longer refuses
	if s := f.Stats(); vm.Able(vm.Parts) && s.Live.Bytes > mib {
		t.Errorf("%+v", s)
	}
}

// The next Close tries again what the kernel refuses at Close.
func TestCloseRefused(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	live, kept := f.alloc(mib), f.alloc(2*mib)
	dirtyAll(live, mib)
	dirtyAll(kept, 2*mib)
	f.free(kept)
	refuse(vm.OpRelease)
	for range 2 {
		if err := f.Close(); !errors.Is(err, vm.ErrOutOfMemory) {
			t.Errorf("Close: %v", err)
		}
		f.sound()
		if n := f.space.Footprint.Now(); n != 0 {
			t.Errorf("%d bytes charged", n)
		}
		if s := f.Stats(); s.Clean.Objects != 2 || s.Live.Objects != 0 {
			t.Errorf("%+v", s)
		}
	}
	vm.Inject(nil)
	for range 2 {
		if err := f.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		f.nothingLeft()
	}
}
