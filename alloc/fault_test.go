// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// errInjected is the error of an injected failure. It stands for an error of the kernel.
var errInjected = fmt.Errorf("%w: injected", ErrOutOfMemory)

// A scenario is a run of operations during which any kernel call may fail. It continues
// after each failure. It checks that no errors other than lack of memory are reported, and
// that no contents are lost.
type scenario struct {
	a      *Allocator
	l      *Local
	blocks []modelBlock
	number int
	failed int  // number of operations
	twice  bool // see again
}

// run allocates, resizes and frees small and large objects, and calls Trim in between.
func (s *scenario) run() error {
	steps := []func() error{
		func() error { return s.malloc(s.a.Malloc, 100) },
		func() error { return s.malloc(s.a.Malloc, 5000) },
		func() error { return s.malloc(s.l.Malloc, 100) },
		func() error { return s.malloc(s.a.Malloc, 200<<10) },
		func() error { return s.malloc(s.l.Malloc, 700<<10) },
		func() error { return s.malloc(func(n int) (unsafe.Pointer, error) { return s.a.Calloc(n, 1) }, 70000) },
		func() error {
			return s.malloc(func(n int) (unsafe.Pointer, error) { return s.a.Calloc(n, 1) }, 300<<10)
		},
		func() error {
			return s.malloc(func(n int) (unsafe.Pointer, error) { return s.a.Memalign(1<<20, n) }, 1000)
		},
		func() error { return s.realloc(3, 600<<10) },
		func() error { return s.realloc(0, 400<<10) },
		func() error { return s.realloc(4, 300<<10) },
		func() error { return s.free(1) },
		func() error { s.a.Trim(); return nil },
		func() error { return s.malloc(s.a.Malloc, 500<<10) },
		func() error { return s.realloc(0, 50) },
		func() error { tick(s.a); return nil },
		func() error { return s.free(0) },
		func() error { return s.malloc(s.a.Malloc, 30000) },
		func() error { s.a.Trim(); return nil },
		func() error { return s.malloc(s.a.Malloc, 150<<10) },
	}
	for i, step := range steps {
		before, live := s.failed, len(s.blocks)
		err := step()
		if err == nil && s.twice && s.failed > before {
			err = s.again(step, live)
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

// again repeats a step that has failed: at once, while calls still fail, and when no call fails
// any longer. Then it must succeed. No failure may change what is live.
func (s *scenario) again(step func() error, live int) error {
	for range 2 {
		if n := s.a.Stats(); n.Live() != int64(live) {
			return fmt.Errorf("%d blocks are live after a failure, want %d", n.Live(), live)
		}
		if err := s.a.checkInvariants(); err != nil {
			return fmt.Errorf("after a failure: %w", err)
		}
		before := s.failed
		if err := step(); err != nil || s.failed == before {
			return err
		}
	}
	vm.Inject(nil)
	before := s.failed
	if err := step(); err != nil || s.failed > before {
		return fmt.Errorf("the step fails although no kernel call does: %v", err)
	}
	return s.a.checkInvariants()
}

func (s *scenario) malloc(get func(int) (unsafe.Pointer, error), size int) error {
	p, err := get(size)
	if err != nil {
		return s.refused(err)
	}
	return s.add(p)
}

func (s *scenario) add(p unsafe.Pointer) error {
	n := UsableSize(p)
	s.number++
	fill(bytesAt(p, n), s.number)
	s.blocks = append(s.blocks, modelBlock{p, n, s.number})
	return nil
}

// refused counts a failed operation. It returns an error if the reason is not lack of
// memory.
func (s *scenario) refused(err error) error {
	var e *Error
	if !errors.Is(err, ErrOutOfMemory) || !errors.As(err, &e) {
		return fmt.Errorf("got %w, want an *Error of ErrOutOfMemory", err)
	}
	s.failed++
	return nil
}

// take removes block i if it exists, and checks its contents.
func (s *scenario) take(i int) (b modelBlock, err error) {
	i %= len(s.blocks)
	b = s.blocks[i]
	s.blocks = append(s.blocks[:i:i], s.blocks[i+1:]...)
	if !filled(bytesAt(b.p, b.size), b.number) {
		err = fmt.Errorf("the block of %d bytes lost its contents", b.size)
	}
	return b, err
}

func (s *scenario) realloc(i, size int) error {
	if len(s.blocks) == 0 {
		return nil
	}
	b, err := s.take(i)
	if err != nil {
		return err
	}
	p, err := s.a.Realloc(b.p, size)
	if err != nil {
		s.blocks = slices.Insert(s.blocks, i%(len(s.blocks)+1), b) // a repetition takes the same one
		if !filled(bytesAt(b.p, b.size), b.number) {
			return errors.New("a failed Realloc changed the block")
		}
		return s.refused(err)
	}
	if !filled(bytesAt(p, min(b.size, size)), b.number) {
		return fmt.Errorf("Realloc from %d to %d bytes lost contents", b.size, size)
	}
	return s.add(p)
}

func (s *scenario) free(i int) error {
	if len(s.blocks) == 0 {
		return nil
	}
	b, err := s.take(i)
	if err == nil {
		s.a.Free(b.p)
	}
	return err
}

// A fault decides which kernel calls fail. It gets the number of each call, from 0.
type fault struct {
	name string
	hits func(call, n int, op vm.Op) bool
}

var faults = []fault{
	{"the n-th", func(call, n int, _ vm.Op) bool { return call == n }},
	{"three from the n-th", func(call, n int, _ vm.Op) bool { return n <= call && call < n+3 }},
	{"all from the n-th", func(call, n int, _ vm.Op) bool { return call >= n }},
	{"munmap from the n-th", func(call, n int, op vm.Op) bool { return call >= n && op == vm.OpRelease }},
	{"madvise from the n-th", func(call, n int, op vm.Op) bool { return call >= n && op == vm.OpPurge }},
	{"mremap from the n-th", func(call, n int, op vm.Op) bool { return call >= n && op == vm.OpRemap }},
	{"mmap from the n-th", func(call, n int, op vm.Op) bool { return call >= n && op == vm.OpMap }},
	{"all but madvise", func(call, n int, op vm.Op) bool { return call >= n && op != vm.OpPurge }},
}

// inject makes the calls fail that f selects, and returns a counter of all calls.
func inject(f fault, n int) *int {
	calls := new(int)
	vm.Inject(func(op vm.Op) error {
		*calls++
		if f.hits(*calls-1, n, op) {
			return errInjected
		}
		return nil
	})
	return calls
}

var faultOptions = []struct {
	name string
	o    Options
}{
	{"retain", still},
	{"unmap", Options{Decay: -1, Large: largeobj.Options{Policy: largeobj.Unmap}}},
	{"carve", Options{Decay: -1, Large: largeobj.Options{MaxMappings: 1}}},
}

// TestFault runs the scenario once for each kernel call in it, which fails.
func TestFault(t *testing.T) {
	for _, o := range faultOptions {
		t.Run(o.name, func(t *testing.T) {
			for i, f := range faults {
				if i > 2 && o.name != "retain" && testing.Short() {
					break
				}
				t.Run(f.name, func(t *testing.T) {
					failed := 0
					for n := 0; ; n++ {
						calls, hit := runFault(t, o.o, f, n, false)
						failed += hit
						if !t.Failed() && f.name == "all from the n-th" {
							runFault(t, o.o, f, n, true)
						}
						if t.Failed() {
							t.Fatalf("failing call %d", n)
						}
						if n > calls {
							break
						}
					}
					if failed == 0 && f.name == "all from the n-th" {
						t.Error("nothing ever failed")
					}
				})
			}
		})
	}
}

// runFault runs the scenario with failures, then without. If twice is set, each step that fails
// is repeated until no call fails any longer. It returns how many calls were
// made and how many operations failed.
func runFault(t *testing.T, o Options, f fault, n int, twice bool) (calls, failed int) {
	defer vm.Inject(nil)
	a, err := NewAllocator(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{a: a, l: a.NewLocal(), twice: twice}
	count := inject(f, n)
	if err := s.run(); err != nil {
		t.Error(err)
		return
	}
	failed = s.failed
	if err := a.checkInvariants(); err != nil {
		t.Errorf("while calls fail: %v", err)
		return
	}
	// Freeing works, too. If Close fails, it keeps what the kernel refused.
	half := len(s.blocks) / 2
	for len(s.blocks) > half {
		if err := s.free(0); err != nil {
			t.Error(err)
			return
		}
	}
	a.Trim()
	if err := a.checkInvariants(); err != nil {
		t.Errorf("trimmed while calls fail: %v", err)
		return
	}
	vm.Inject(nil)
	calls = *count

	// Without failures all operations succeed again.
	before := s.failed
	if err := s.run(); err != nil || s.failed != before {
		t.Errorf("afterwards: %v, %d operations failed", err, s.failed-before)
		return
	}
	for len(s.blocks) > 0 {
		if err := s.free(0); err != nil {
			t.Error(err)
			return
		}
	}
	s.l.Close()
	a.Trim()
	if err := a.checkInvariants(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := a.space.Footprint.Now(); n != 0 {
		t.Errorf("the footprint is %d bytes when all is freed and trimmed", n)
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if s := &a.space; s.Footprint.Now() != 0 || s.Mapped.Now() != 0 || s.Mappings.Now() != 0 {
		t.Errorf("after Close: footprint %d, mapped %d bytes in %d mappings",
			s.Footprint.Now(), s.Mapped.Now(), s.Mappings.Now())
	}
	return calls, failed
}

// TestFaultInClose makes the n-th call of Close fail. Memory that the kernel refused to
// unmap is purged, and the next Close unmaps it.
func TestFaultInClose(t *testing.T) {
	for _, o := range faultOptions {
		for _, f := range faults {
			for n := range 12 {
				a, err := NewAllocator(o.o)
				if err != nil {
					t.Fatal(err)
				}
				s := &scenario{a: a, l: a.NewLocal()}
				if err := s.run(); err != nil {
					t.Fatal(err)
				}
				calls := inject(f, n)
				err = a.Close()
				vm.Inject(nil)
				mapped := a.space.Mapped.Now()
				if (err != nil) != (mapped > 0) {
					t.Errorf("%s, %s %d: Close says %v, %d bytes are mapped", o.name, f.name, n, err, mapped)
				}
				if err != nil && !errors.Is(err, ErrOutOfMemory) {
					t.Errorf("%s, %s %d: Close: %v", o.name, f.name, n, err)
				}
				if err := a.Close(); err != nil {
					t.Errorf("%s, %s %d: second Close: %v", o.name, f.name, n, err)
				}
				if m := &a.space; m.Footprint.Now() != 0 || m.Mapped.Now() != 0 || m.Mappings.Now() != 0 {
					t.Errorf("%s, %s %d: footprint %d, mapped %d bytes in %d mappings after Close",
						o.name, f.name, n, m.Footprint.Now(), m.Mapped.Now(), m.Mappings.Now())
				}
				s.l.Close()
				if t.Failed() || n > *calls {
					break
				}
			}
		}
	}
}

// TestFaultMunmap: mappings that munmap refuses stay with the Allocator and are unmapped
// later.
func TestFaultMunmap(t *testing.T) {
	a := open(t, Options{Decay: -1, Large: largeobj.Options{Policy: largeobj.Unmap}})
	var blocks []unsafe.Pointer
	for range 50 {
		blocks = append(blocks, alloc(t, a, sizeclass.LargeMin))
	}
	inject(fault{hits: func(_, _ int, op vm.Op) bool { return op == vm.OpRelease }}, 0)
	mapped := a.space.Mapped.Now()
	for _, p := range blocks {
		a.Free(p)
	}
	a.Trim()
	check(t, a)
	if n := a.space.Footprint.Now(); n != 0 {
		t.Errorf("the footprint is %d bytes; what cannot be unmapped should be purged", n)
	}
	if n := a.space.Mapped.Now(); n != mapped {
		t.Errorf("%d bytes are mapped, %d were and none were unmapped", n, mapped)
	}
	// Meanwhile the Allocator can use them again without a new mapping.
	maps := a.space.Calls(vm.OpMap)
	for i := range blocks {
		blocks[i] = alloc(t, a, sizeclass.LargeMin)
	}
	if n := a.space.Calls(vm.OpMap) - maps; n != 0 {
		t.Errorf("%d new mappings, with 50 mappings to use again", n)
	}
	for _, p := range blocks {
		a.Free(p)
	}
	vm.Inject(nil)
	tick(a)
	if n := a.space.Mappings.Now(); n != 0 {
		t.Errorf("%d mappings are left after a tick in which munmap worked", n)
	}
	drained(t, a)
}

// TestTrimOnRefusal: if the kernel refuses a mapping because the Allocator retains others,
// the Allocator releases those, and the allocation succeeds.
func TestTrimOnRefusal(t *testing.T) {
	for _, size := range []int{300 << 10, 3 << 20, 60000} {
		a := open(t, still)
		for _, retained := range []int{1 << 20, 2 << 20, 500 << 10} {
			a.Free(alloc(t, a, retained))
		}
		limit := a.space.Mappings.Now()
		vm.Inject(func(op vm.Op) error { // as a kernel that allows no further mapping
			if op == vm.OpMap && a.space.Mappings.Now() >= limit {
				return errInjected
			}
			return nil
		})
		if p, err := a.Malloc(size); err != nil {
			t.Errorf("Malloc of %d bytes, with 3.5 MiB retained: %v", size, err)
		} else {
			a.Free(p)
		}
		vm.Inject(nil)
		drained(t, a)
	}
}
