// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package arena

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/interleave"
)

// A world is one run of a scene: threads that use one concurrent arena.
type world struct {
	host *alloc.Allocator
	a    *Arena
	errs []error
	held [][]byte // that the threads allocated, each filled with its index
}

// TestInterleavings runs threads on one concurrent arena in many orders of their steps. No byte
// may belong to two objects, and none may be lost.
func TestInterleavings(t *testing.T) {
	object := func(w *world) { w.hold(New[[64]byte](w.a)[:]) }
	objects := func(w *world) { object(w); object(w) }
	slices := func(w *world) { w.slice(24); w.slice(1500); w.slice(4000) }
	linked := func(w *world) {
		n := NewLinked[node](w.a)
		n.Left, n.Right = NewLinked[node](w.a), n
	}
	for _, s := range []struct {
		name       string
		processors int // 0: one for each thread
		options    Options
		threads    []func(w *world)
	}{
		{"New beside New", 0, Options{}, []func(*world){objects, objects}},
		{"New beside New on one processor", 1, Options{}, []func(*world){objects, objects}},
		{"three threads on two processors", 2, Options{}, []func(*world){objects, slices, object}},
		{"slices beside slices", 0, Options{InitialSize: 4 << 10, MaxChunk: 8 << 10}, []func(*world){slices, slices}},
		{"slices beside slices on one processor", 1, Options{InitialSize: 4 << 10, MaxChunk: 8 << 10}, []func(*world){slices, slices}},
		{"aligned", 1, Options{Align: 64}, []func(*world){objects, slices}},
		{"NewLinked beside NewLinked", 0, Options{}, []func(*world){linked, linked}},
		{"NewLinked beside New", 1, Options{}, []func(*world){linked, objects}},
		{"at the limit", 0, Options{Limit: 4 << 10, InitialSize: 4 << 10}, []func(*world){slices, slices}},
		{"New beside Stats", 0, Options{}, []func(*world){objects, func(w *world) { w.stats(); w.stats() }}},
		{"New beside Trim", 0, Options{}, []func(*world){objects, func(w *world) { w.host.Trim() }}},
		{"New beside the allocator's Stats", 0, Options{}, []func(*world){slices, func(w *world) { w.host.Stats() }}},
		{"another arena's end", 0, Options{}, []func(*world){objects, func(w *world) {
			b := w.open(Options{Concurrent: true})
			New[point](b)
			b.Free()
		}}},
	} {
		t.Run(s.name, func(t *testing.T) {
			interleave.Run(t, interleave.Options{Processors: s.processors, Runs: 150, Seed: 1}, func() *interleave.Program {
				w := new(world)
				var err error
				if w.host, err = alloc.NewAllocator(alloc.Options{Decay: -1, ProfileRate: -1}); err != nil {
					panic(err)
				}
				o := s.options
				o.Concurrent = true
				w.a = w.open(o)
				p := &interleave.Program{Check: w.check}
				for _, f := range s.threads {
					p.Threads = append(p.Threads, func() { w.fail(Try(func() { f(w) })) })
				}
				return p
			})
		})
	}
}

func (w *world) open(o Options) *Arena {
	o.Allocator = w.host
	a, err := NewArenaWithOptions(o)
	if err != nil {
		panic(err)
	}
	return a
}

func (w *world) slice(n int) { w.hold(MakeSlice[byte](w.a, n, n)) }

// hold takes b, which must be zero, and fills it.
func (w *world) hold(b []byte) {
	if !holds(b, 0) {
		w.errs = append(w.errs, fmt.Errorf("a new object of %d bytes is not zero", len(b)))
	}
	w.held = append(w.held, b)
	fill(b, byte(len(w.held)))
}

func holds(b []byte, with byte) bool {
	return !slices.ContainsFunc(b, func(v byte) bool { return v != with })
}

// fail notes an error. The limit of the arena is none.
func (w *world) fail(err error) {
	if err != nil && !errors.Is(err, alloc.ErrLimit) {
		w.errs = append(w.errs, err)
	}
}

func (w *world) stats() {
	if s := w.a.Stats(); s.Used < 0 || s.Free < 0 || s.Waste < 0 || s.Used+s.Free+s.Waste != s.Reserved {
		w.errs = append(w.errs, fmt.Errorf("Stats: %+v", s))
	}
}

// check says what is wrong when all threads have ended.
func (w *world) check() error {
	live := int64(0)
	for i, b := range w.held {
		live += int64(len(b))
		if !holds(b, byte(i+1)) {
			w.errs = append(w.errs, fmt.Errorf("an object of %d bytes changed", len(b)))
		}
	}
	w.stats()
	if s := w.a.Stats(); s.Used < live {
		w.errs = append(w.errs, fmt.Errorf("%d bytes are in use, and %d live", s.Used, live))
	}
	w.errs = append(w.errs, w.a.checkInvariants(), w.a.Audit())
	w.a.Reset()
	if s := w.a.Stats(); s.Used != 0 {
		w.errs = append(w.errs, fmt.Errorf("%d bytes are in use after Reset", s.Used))
	}
	w.held = nil
	w.slice(64) // a stale window would hand it out twice
	w.slice(64)
	if !holds(w.held[0], 1) {
		w.errs = append(w.errs, errors.New("two objects overlap after Reset"))
	}
	w.a.Free()
	w.errs = append(w.errs, w.host.Close())
	if n, m := w.host.Footprint(); n != 0 || m != 0 {
		w.errs = append(w.errs, fmt.Errorf("after Close: footprint %d in %d mappings", n, m))
	}
	return errors.Join(w.errs...)
}
