// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package alloc

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

var (
	orderFlag = flag.String("order", "", "run TestInterleavings in this order of steps only")
	runsFlag  = flag.Int("runs", 150, "orders that TestInterleavings draws for each scene, after those with one preemption")
	seedFlag  = flag.Uint64("seed", 1, "seed of the orders that TestInterleavings draws")
)

// A scene is a program of two or three threads on one Allocator, which must be right in every
// order of their steps.
type scene struct {
	name    string
	one     bool // the threads share one virtual processor
	options Options
	begin   func(w *world, a *Allocator) []func()
}

// TestInterleavings runs the scenes in many orders. A failure says how to run its order again.
func TestInterleavings(t *testing.T) {
	for _, s := range slices.Concat(scenes, traceScenes) {
		t.Run(s.name, func(t *testing.T) {
			o := interleave.Options{Runs: *runsFlag, Seed: *seedFlag}
			if s.one {
				o.Processors = 1
			}
			if err := s.program().alone(); err != nil { // the process gets what it keeps for ever
				t.Fatal(err)
			}
			fillHoles(t, 3<<20)
			var outcome interleave.Outcome
			var err error
			if *orderFlag != "" {
				err = interleave.Replay(o, *orderFlag, s.run)
			} else {
				outcome, err = interleave.Explore(o, s.run)
			}
			var f *interleave.Failure
			if errors.As(err, &f) {
				t.Fatalf("%v\n\nto run it again: go test ./alloc -tags ashlar_interleave -run '%s$' -order '%s'",
					err, strings.ReplaceAll(t.Name(), "/", "$/^"), f.Order)
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.name == "one Local, two goroutines" && sharedTold == 0 && *orderFlag == "" {
				t.Error("no order told the mistake")
			}
			t.Logf("%d orders of about %d steps", outcome.Runs, outcome.Steps)
		})
	}
}

// A world is what a run of a scene uses.
type world struct {
	a       *Allocator
	before  int          // bytes of metadata in use
	closed  bool         // a thread closes a
	ruined  bool         // the threads misuse it: its invariants need not hold
	others  []*bystander // whose blocks nobody else may touch
	checks  []func() error
	errs    []error
	threads []func()
}

// program returns a new world.
func (s *scene) program() *world {
	w := &world{before: metadata.InUse()}
	w.a = newAllocator(s.options)
	w.threads = s.begin(w, w.a)
	return w
}

// newAllocator returns an Allocator. Blocks are sampled only if the options say how many.
func newAllocator(o Options) *Allocator {
	if o.ProfileRate == 0 {
		o.ProfileRate = -1
	}
	a, err := NewAllocator(o)
	if err != nil {
		panic(err)
	}
	return a
}

// run returns the program of a run for package interleave.
func (s *scene) run() *interleave.Program {
	w := s.program()
	return &interleave.Program{Threads: w.threads, Check: w.check}
}

// alone runs the threads one after another.
func (w *world) alone() error {
	for _, f := range w.threads {
		f()
	}
	return w.check()
}

// check says what is wrong when all threads have ended.
func (w *world) check() error {
	for _, f := range w.checks {
		w.errs = append(w.errs, f())
	}
	if !w.closed {
		if !w.ruined {
			w.errs = append(w.errs, w.a.checkInvariants())
		}
		w.errs = append(w.errs, w.a.Close())
	}
	if n, m := w.a.Footprint(); n != 0 || m != 0 {
		w.fail("after Close: footprint %d in %d mappings", n, m)
	}
	for _, b := range w.others {
		w.errs = append(w.errs, b.end())
	}
	if n := metadata.InUse(); n != w.before && !w.ruined {
		w.fail("after Close: %d bytes of metadata, before: %d", n, w.before)
	}
	return errors.Join(w.errs...)
}

func (w *world) fail(format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf(format, args...))
}

// get returns a block of size bytes, which is filled at both ends.
func (w *world) get(m interface {
	Malloc(int) (unsafe.Pointer, error)
}, size int) *heldBlock {
	p, err := m.Malloc(size)
	if err != nil && !(errors.Is(err, ErrClosed) && w.closed) {
		w.fail("Malloc(%d): %v", size, err)
	}
	if p == nil {
		return nil
	}
	b := &heldBlock{p, size}
	b.fill()
	return b
}

// A heldBlock is a block of a thread. Its ends have a pattern.
type heldBlock struct {
	p    unsafe.Pointer
	size int
}

const ends = 64 // bytes of the pattern at each end

func (b *heldBlock) parts() [2][]byte {
	all := bytesAt(b.p, b.size)
	n := min(ends, b.size)
	return [2][]byte{all[:n], all[b.size-n:]}
}

func (b *heldBlock) fill() {
	for _, part := range b.parts() {
		fill(part, b.size)
	}
}

// intact returns an error if somebody else wrote to the block.
func (b *heldBlock) intact() error {
	for _, part := range b.parts() {
		if !filled(part, b.size) {
			return fmt.Errorf("a block of %d bytes changed", b.size)
		}
	}
	return nil
}

// put looks at a block and frees it.
func (w *world) put(m interface{ Free(unsafe.Pointer) }, b *heldBlock) {
	if b == nil {
		return
	}
	if err := b.intact(); err != nil {
		w.errs = append(w.errs, err)
	}
	m.Free(b.p)
}

// misuseOf calls f and returns the *MisuseError with which it panics, or nil.
func misuseOf(f func()) (m *MisuseError) {
	v := panicOf(f)
	if err, ok := v.(error); v != nil && (!ok || !errors.As(err, &m)) {
		panic(v)
	}
	return m
}

// shutDown closes a, and uses its addresses for another Allocator.
func (w *world) shutDown() {
	if err := w.a.Close(); err != nil {
		w.fail("Close: %v", err)
	}
	w.newcomer()
}

// newcomer opens an Allocator with blocks of all kinds. Its first block has the size of those that most
// threads use, and the address of theirs if the kernel reuses it.
func (w *world) newcomer() { w.open(1000, 100<<10, 200_000, 3<<20) }

// successor is a newcomer whose first block takes the place of an unmapped one of 3 MiB.
func (w *world) successor() { w.open(3<<20, 1000, 100<<10, 200_000) }

// open opens an Allocator with blocks of these sizes.
func (w *world) open(sizes ...int) {
	b := &bystander{a: newAllocator(still)}
	w.others = append(w.others, b)
	for i, size := range sizes {
		p, err := b.a.Malloc(size)
		if err != nil {
			w.fail("another Allocator: %v", err)
			continue
		}
		h := heldBlock{p, size}
		h.fill()
		b.blocks = append(b.blocks, keptBlock{p, size, i})
	}
}

// fillHoles maps, for ever, what is free above the place where the kernel puts the next size bytes. So a
// mapping of that size comes to where the last one was unmapped.
func fillHoles(t *testing.T, size uintptr) {
	var s vm.Space
	last, err := s.MapKind(size, vm.Kind{Access: vm.NoAccess})
	for range 1000 {
		if err != nil {
			t.Fatal(err)
		}
		var next vm.Mapping
		if next, err = s.MapKind(size, vm.Kind{Access: vm.NoAccess}); err == nil && next.Base+size == last.Base {
			if err := errors.Join(s.Release(next), s.Release(last)); err != nil {
				t.Fatal(err)
			}
			return
		}
		last = next
	}
	t.Log("the kernel does not put one mapping below another")
}

// end looks at the bystander's blocks, frees them and closes its Allocator.
func (b *bystander) end() error {
	for _, k := range b.blocks {
		h := heldBlock{k.p, k.size}
		if err := h.intact(); err != nil {
			return fmt.Errorf("another Allocator: %w", err)
		}
		b.a.Free(k.p)
	}
	if err := errors.Join(b.a.checkInvariants(), b.a.Close()); err != nil {
		return fmt.Errorf("another Allocator: %w", err)
	}
	if n, m := b.a.Footprint(); n != 0 || m != 0 {
		return fmt.Errorf("another Allocator after Close: footprint %d in %d mappings", n, m)
	}
	return nil
}

// retained leaves blocks and objects of all kinds freed in the Allocator.
func retained(a *Allocator) {
	var ps []unsafe.Pointer
	for _, size := range []int{200_000, 3 << 20, 100 << 10, 500} {
		if p, err := a.Malloc(size); err == nil {
			ps = append(ps, p)
		}
	}
	for _, p := range ps {
		a.Free(p)
	}
}
