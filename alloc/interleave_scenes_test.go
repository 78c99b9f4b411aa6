// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package alloc

import (
	"errors"
	"io"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/largeobj"
	"github.com/ashlar-go/ashlar/stats"
)

var (
	zeroing   = Options{Decay: -1, Hardening: Hardening{ZeroOnFree: true}}
	sampling  = Options{Decay: -1, ProfileRate: 1}
	guarding  = Options{Decay: -1, GuardRate: 1}
	fencing   = Options{Decay: -1, Hardening: Hardening{SpanGuards: true}}
	unmapping = Options{Decay: -1, Large: largeobj.Options{Policy: largeobj.Unmap}}
)

var scenes = []scene{
	{"gate", false, still, func(w *world, _ *Allocator) []func() {
		// Close has more grace periods after the gate's, which hide this one. So the gate is alone.
		var g gate
		released := false
		return []func(){func() {
			if g.enter() {
				if released {
					w.fail("a call is inside the closed gate")
				}
				g.leave()
			}
		}, func() { g.close(); released = true }}
	}},
	{"Trim beside Close", false, still, besideShutDown(retained, func(w *world, a *Allocator) { a.Trim() })},
	{"Malloc at the limit beside Close", false, still,
		besideShutDown(atLimit, func(w *world, a *Allocator) { w.mallocLate(a, needsRoom) })},
	{"Malloc beside Close", false, still, besideShutDown(nil, func(w *world, a *Allocator) { w.mallocLate(a, 1000) })},
	{"Malloc of a large object beside Close", false, still,
		besideShutDown(retained, func(w *world, a *Allocator) { w.mallocLate(a, 200_000) })},
	{"Malloc of a shorter large object beside Close", false, still,
		besideShutDown(retained, func(w *world, a *Allocator) { w.mallocLate(a, 190_000) })},
	{"Malloc with guards beside Close", false, fencing,
		besideShutDown(nil, func(w *world, a *Allocator) { w.mallocLate(a, 1000) })},
	{"fast Free beside Close", false, still, freeBesideClose(1000)},
	{"slow Free beside Close", false, zeroing, freeBesideClose(1000)},
	{"sampled Free beside Close", false, sampling, freeBesideClose(1000)},
	{"Free of a large object beside Close", false, sampling, freeBesideClose(200_000)},
	{"Free of a carved object beside Close", false, Options{Decay: -1, Large: largeobj.Options{MaxMappings: 1}}, freeBesideClose(200_000)},
	{"Realloc of a guarded block beside Close", false, guarding, guardedBesideClose(func(w *world, a *Allocator, p unsafe.Pointer) {
		if m := misuseOf(func() { _, _ = a.Realloc(p, 200_000) }); m != nil && m.Kind != UseAfterClose {
			w.fail("Realloc: %v", m)
		}
	})},
	{"Owns of a guarded block beside Close", false, guarding, guardedBesideClose(func(w *world, a *Allocator, p unsafe.Pointer) {
		if !a.Owns(p) && !a.gate.closed.Load() {
			w.fail("Owns: false before Close")
		}
	})},
	{"a report on a span's guard page beside Close", false, fencing, func(w *world, a *Allocator) []func() {
		page := guardAfter(w.get(a, 1000))
		return besideShutDown(nil, func(w *world, _ *Allocator) { w.describeOverflow(page) })(w, a)
	}},
	{"a report on a span's guard page beside Trim", false, fencing, func(w *world, a *Allocator) []func() {
		b := w.get(a, 1000)
		page := guardAfter(b)
		w.put(a, b)
		return []func(){func() { w.describeOverflow(page) }, func() { a.Trim() }}
	}},
	{"Close beside Close", false, still, besideShutDown(retained, func(w *world, a *Allocator) {
		if err := a.Close(); err != nil {
			w.fail("Close: %v", err)
		}
	})},
	{"profile beside Close", false, sampling, besideShutDown(retained, func(w *world, a *Allocator) {
		_ = a.Profile().WriteFragmentation(io.Discard) // nothing if it is closed
	})},
	{"Stats beside Close", false, sampling, besideShutDown(retained, func(w *world, a *Allocator) { w.stats(a) })},

	{"Malloc of a sampled large object beside Close", false, sampling,
		besideShutDown(retained, func(w *world, a *Allocator) { w.mallocLate(a, 200_000) })},

	{"double Free, small", false, zeroing, doubleFree(1000)},
	{"double Free, sampled", false, sampling, doubleFree(1000)},
	{"double Free, large", false, still, doubleFree(200_000)},
	{"double Free, large, unmapped", false, unmapping, doubleFree(200_000)},
	{"double Free, large, sampled", false, sampling, doubleFree(3 << 20)},
	{"double Free, checked", false, strict, doubleFree(1000)},
	{"double Free, guarded", false, guarding, doubleFree(1000)},
	{"Free beside Realloc, large", false, still, freeBesideRealloc(200_000, 600_000)},
	{"Free beside Realloc, unmapped", false, unmapping, freeBesideRealloc(3<<20, 200_000)},
	{"Free beside Realloc, to a small block", false, unmapping, freeBesideRealloc(200_000, 1000)},
	{"Realloc beside Realloc", false, unmapping, func(w *world, a *Allocator) []func() {
		p, _ := a.Malloc(200_000)
		done := 0
		grow := func() {
			if m := misuseOf(func() {
				if _, err := a.Realloc(p, 600_000); err != nil {
					w.fail("Realloc: %v", err)
				}
			}); m == nil {
				done++
			}
		}
		w.checks = append(w.checks, func() error {
			if done == 0 {
				return errors.New("both calls failed")
			}
			return nil
		})
		return []func(){grow, grow}
	}},

	{"Malloc beside Trim", false, still, mallocBeside(1000, func(a *Allocator) { a.Trim() })},
	{"Malloc beside Trim on one processor", true, still, mallocBeside(1000, func(a *Allocator) { a.Trim() })},
	{"Malloc beside three ticks", false, still, mallocBeside(1000, func(a *Allocator) { tick(a); tick(a); tick(a) })},
	{"Malloc beside a new rate", false, still, mallocBeside(1000, func(a *Allocator) { a.rearm() })},
	{"Malloc of large objects beside Trim", false, still, mallocBeside(200_000, func(a *Allocator) { a.Trim() })},
	{"sampled Malloc beside a profile", false, sampling, mallocBeside(1000, func(a *Allocator) { _ = a.Profile().WriteFragmentation(io.Discard) })},
	{"sampled Free beside sampled Malloc", true, sampling, freeBesideMalloc(1000)},
	{"sampled Free beside sampled Malloc, large", true, sampling, freeBesideMalloc(200_000)},
	{"Trim beside another Allocator", false, still, func(w *world, a *Allocator) []func() {
		w.put(a, w.get(a, 3<<20))
		return []func(){func() { a.Trim() }, w.successor}
	}},
	{"Realloc beside another Allocator", false, unmapping, func(w *world, a *Allocator) []func() {
		b := w.get(a, 3<<20)
		return []func(){func() {
			p, err := a.Realloc(b.p, 100<<20) // which moves
			if err != nil {
				w.fail("Realloc: %v", err)
			}
			a.Free(p)
		}, w.successor}
	}},
	{"depot exchange beside Trim", false, still, exchange((*Allocator).Trim)},
	{"depot exchange beside an exchange", false, still, exchange(nil)},
	{"two depot exchanges beside Trim", false, still, func(w *world, a *Allocator) []func() {
		return append(exchange(nil)(w, a), func() { a.Trim() })
	}},
	{"new spans for grown magazines beside Trim", false, still, grown(exchange((*Allocator).Trim))},
	{"Malloc and Free beside Close", false, zeroing, func(w *world, a *Allocator) []func() {
		return append(freeBesideClose(1000)(w, a), func() { w.mallocLate(a, 1000) })
	}},
	{"Malloc with guarded blocks beside Close", false, guarding,
		besideShutDown(nil, func(w *world, a *Allocator) { w.mallocLate(a, 1000) })},
	{"checked Free beside Verify", false, strict, func(w *world, a *Allocator) []func() {
		b := w.get(a, 1000)
		return []func(){func() { w.put(a, b) }, func() { w.errs = append(w.errs, a.Inspect().Verify()) }}
	}},

	{"Stats beside a Local's exit", false, still, func(w *world, a *Allocator) []func() {
		l := a.NewLocal()
		b := w.get(l, 1000)
		return []func(){func() { w.put(l, b); l.Close() }, func() { w.stats(a) }}
	}},
	{"Stats beside Trim", false, still, func(w *world, a *Allocator) []func() {
		retained(a)
		kept := w.get(a, 1000)
		w.checks = append(w.checks, func() error { w.put(a, kept); return nil })
		return []func(){func() {
			if n := w.stats(a).Classes[sizeclass.Of(1000)].Live; n != 1 {
				w.fail("Stats: %d blocks live, want 1", n)
			}
		}, func() { a.Trim() }}
	}},
	{"checked Stats beside Trim", false, strict, checkedStats(1000)},
	{"checked Stats beside Trim, large", false, strict, checkedStats(200_000)},
	{"Stats beside Malloc at the limit", false, still, func(w *world, a *Allocator) []func() {
		atLimit(a)
		return []func(){func() { w.put(a, w.get(a, needsRoom)) }, func() { w.stats(a) }}
	}},
	{"a Local beside Trim", false, still, localBeside(func(a *Allocator) { a.Trim() })},
	{"a Local beside ticks", false, still, localBeside(func(a *Allocator) { tick(a); tick(a); tick(a) })},
	{"one Local, two goroutines", false, still, oneLocal},
}

// needsRoom is the size of an object that the Allocator of atLimit can allocate only after it has given
// back what it retains, because that is too short to become a part of the object.
const needsRoom = 13 << 20

// atLimit leaves the Allocator so much room that needsRoom needs some of what it retains.
func atLimit(a *Allocator) {
	retained(a)
	n, _ := a.Footprint()
	if n < 3<<20 {
		panic("the Allocator retains nothing")
	}
	if err := a.SetLimit(n - 2<<20 + needsRoom); err != nil {
		panic(err)
	}
}

// checkedStats counts one block that is live throughout, while another one leaves the quarantine.
func checkedStats(size int) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		kept := w.get(a, size)
		w.put(a, w.get(a, size))
		w.checks = append(w.checks, func() error { w.put(a, kept); return nil })
		return []func(){func() {
			s := w.stats(a)
			// The other block may be on its way from the quarantine to the allocator.
			if n, bytes := s.Live(), s.Memory.Requested+s.Memory.LargeRequested; n < 1 || n > 2 || bytes != int64(size) {
				w.fail("Stats: %d blocks live, of %d bytes, want 1 of %d", n, bytes, size)
			}
		}, func() { a.Trim() }}
	}
}

// besideShutDown calls f beside Close.
func besideShutDown(before func(*Allocator), f func(*world, *Allocator)) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		if before != nil {
			before(a)
		}
		w.closed = true
		return []func(){func() { f(w, a) }, w.shutDown}
	}
}

// mallocLate allocates a block, unless the Allocator is closed. It does not use the block, which
// may be unmapped.
func (w *world) mallocLate(a *Allocator, size int) {
	if _, err := a.Malloc(size); err != nil && !errors.Is(err, ErrClosed) {
		w.fail("Malloc: %v", err)
	}
}

// freeBesideClose frees a block beside Close: before it, or too late.
func freeBesideClose(size int) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		b := w.get(a, size)
		return besideShutDown(nil, func(w *world, a *Allocator) {
			// The address may belong to another Allocator then.
			if m := misuseOf(func() { a.Free(b.p) }); m != nil && !a.gate.closed.Load() {
				w.fail("Free: %v", m)
			}
		})(w, a)
	}
}

// guardedBesideClose calls f with a guarded block beside Close.
func guardedBesideClose(f func(*world, *Allocator, unsafe.Pointer)) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		b := w.get(a, 1000)
		return besideShutDown(nil, func(w *world, a *Allocator) { f(w, a, b.p) })(w, a)
	}
}

// guardAfter returns the address of the guard page after the span of a block.
func guardAfter(b *heldBlock) uintptr {
	h := pagemap.HeaderOf(raw.Addr(b.p))
	return h.Base + uintptr(h.Class.SpanBytes())
}

// describeOverflow describes an access to a guard page, unless its span has gone.
func (w *world) describeOverflow(page uintptr) {
	if m, ok := Describe(page); ok && (m.Kind != Overflow || m.Size != 1024) {
		w.fail("Describe: %v", m)
	}
}

// doubleFree frees a block by two threads. One of them is told so.
func doubleFree(size int) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		w.newcomer()
		b, told := w.get(a, size), 0
		free := func() {
			if m := misuseOf(func() { a.Free(b.p) }); m != nil {
				told++
			}
		}
		w.checks = append(w.checks, func() error {
			if told != 1 {
				return errors.New("of two calls of Free, one is to be told")
			}
			return w.counts(0)
		})
		return []func(){free, free}
	}
}

// counts compares the live blocks with those of the threads.
func (w *world) counts(live int64) error {
	s := w.a.Stats()
	n := s.Large.Live
	for i := range s.Classes {
		n += s.Classes[i].Live
	}
	if n != live {
		return errors.New("the count of live blocks is wrong")
	}
	return nil
}

// freeBesideRealloc frees and resizes a large object at once. If the resized one is at the same
// address, both may succeed.
func freeBesideRealloc(size, to int) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		w.newcomer()
		b := w.get(a, size)
		var q unsafe.Pointer
		freed := false
		w.checks = append(w.checks, func() error {
			switch {
			case q == nil && !freed:
				return errors.New("both calls failed")
			case q != nil && freed && q != b.p:
				return errors.New("both calls succeeded")
			case q != nil && !freed:
				return w.counts(1)
			}
			return w.counts(0)
		})
		return []func(){
			func() { freed = misuseOf(func() { a.Free(b.p) }) == nil },
			func() { misuseOf(func() { q, _ = a.Realloc(b.p, to) }) },
		}
	}
}

// mallocBeside allocates and frees blocks beside other.
func mallocBeside(size int, other func(*Allocator)) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		kept := w.get(a, size)
		w.put(a, w.get(a, size))
		var live *heldBlock
		w.checks = append(w.checks, func() error {
			err := w.counts(2)
			w.put(a, kept)
			w.put(a, live)
			return errors.Join(err, w.counts(0))
		})
		return []func(){func() {
			b := w.get(a, size)
			live = w.get(a, size)
			w.put(a, b)
		}, func() { other(a) }}
	}
}

// freeBesideMalloc frees a block beside a Malloc, which may get it.
func freeBesideMalloc(size int) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		b := w.get(a, size)
		var live *heldBlock
		w.checks = append(w.checks, func() error {
			err := errors.Join(w.counts(1), a.checkInvariants())
			w.put(a, live)
			return err
		})
		return []func(){func() { w.put(a, b) }, func() { live = w.get(a, size) }}
	}
}

// grown runs a scene of exchange in a class whose magazines have grown.
func grown(of func(*world, *Allocator) []func()) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		a.depots[sizeclass.Of(60_000)].Grow()
		return of(w, a)
	}
}

// exchange moves magazines between a cache and the depot beside other, or beside the same.
func exchange(other func(*Allocator) int64) func(*world, *Allocator) []func() {
	const size, n = 60_000, 5
	return func(w *world, a *Allocator) []func() {
		use := func() {
			var all [n]*heldBlock
			for i := range all {
				all[i] = w.get(a, size)
			}
			for _, b := range all {
				w.put(a, b)
			}
		}
		w.checks = append(w.checks, func() error { return w.counts(0) })
		if other == nil {
			return []func(){use, use}
		}
		return []func(){use, func() { other(a) }}
	}
}

// localBeside uses a Local beside other.
func localBeside(other func(*Allocator)) func(*world, *Allocator) []func() {
	return func(w *world, a *Allocator) []func() {
		l := a.NewLocal()
		kept := w.get(l, 1000)
		w.put(l, w.get(l, 1000))
		return []func(){func() {
			b := w.get(l, 1000)
			w.put(l, w.get(l, 1000))
			w.put(l, b)
			w.put(l, kept)
			l.Close()
		}, func() { other(a) }}
	}
}

// sharedTold counts how often the threads of oneLocal were told what is wrong.
var sharedTold int

// oneLocal uses one Local by two threads. What comes of it stays within the Allocator.
func oneLocal(w *world, a *Allocator) []func() {
	w.newcomer()
	w.ruined = true
	l := a.NewLocal()
	tell := func(m *MisuseError) {
		if m != nil && m.Kind == SharedLocal {
			sharedTold++
		}
	}
	use := func() {
		for range 2 {
			var p unsafe.Pointer
			var err error
			tell(misuseOf(func() {
				if p, err = l.Malloc(30_000); p == nil && err == nil {
					w.fail("Malloc returned nil without an error")
				}
			}))
			if p != nil {
				tell(misuseOf(func() { l.Free(p) }))
			}
		}
	}
	return []func(){use, use}
}

// stats takes a snapshot, in which no number may be impossible.
func (w *world) stats(a *Allocator) *stats.Snapshot {
	s := a.Stats()
	for i := range s.Classes {
		if c := &s.Classes[i]; c.Live < 0 || c.Live > c.Blocks || c.Cached < 0 {
			w.fail("Stats: class of %d bytes: %d of %d blocks live, %d cached", c.Size, c.Live, c.Blocks, c.Cached)
		}
	}
	if m := &s.Memory; s.Large.Live < 0 || m.LargeRequested < 0 || m.LargeSlack < 0 {
		w.fail("Stats: %d large objects, %d bytes requested of %d", s.Large.Live, m.LargeRequested, s.Large.Bytes)
	}
	return &s
}
