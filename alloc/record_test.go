// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/largeobj"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// startTrace starts a trace. The returned function stops it and returns its events.
func startTrace(t *testing.T, a *Allocator) (stop func() []heaptrace.Event) {
	t.Helper()
	var file bytes.Buffer
	if err := a.Trace().Start(&file, TraceOptions{}); err != nil {
		t.Fatal(err)
	}
	return func() []heaptrace.Event {
		t.Helper()
		if err := a.Trace().Stop(); err != nil {
			t.Fatal(err)
		}
		return readTrace(t, &file)
	}
}

// recorded returns an Allocator that records a trace.
func recorded(t *testing.T, o Options) *Allocator {
	a := open(t, o)
	if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil {
		t.Fatal(err)
	}
	return a
}

func readTrace(t *testing.T, file io.Reader) []heaptrace.Event {
	t.Helper()
	r, err := heaptrace.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var events []heaptrace.Event
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func followAll(t *testing.T, l *heaptrace.Live, events []heaptrace.Event) {
	t.Helper()
	for i := range events {
		if err := l.Follow(&events[i]); err != nil {
			t.Fatalf("event %d of %d: %v", i, len(events), err)
		}
	}
}

// TestTrace: the trace has each operation, once and in order, with the requested sizes.
func TestTrace(t *testing.T) {
	for name, o := range map[string]Options{"": still, "checked ": strict} {
		a := open(t, o)
		t.Run(name+"Allocator", func(t *testing.T) { recordAll(t, a, whole{a}) })
		t.Run(name+"Local", func(t *testing.T) { recordAll(t, a, handle{local(t, a), a}) })
	}
}

func recordAll(t *testing.T, a *Allocator, h implementation) {
	stop := startTrace(t, a)
	var want []heaptrace.Event
	did := func(p unsafe.Pointer, op heaptrace.Op, align uint32, size int64) unsafe.Pointer {
		want = append(want, heaptrace.Event{Op: op, Align: align, Addr: uint64(uintptr(p)), Size: size})
		return p
	}
	must := func(p unsafe.Pointer, err error) unsafe.Pointer {
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var blocks []unsafe.Pointer
	for _, size := range []int{0, 1, 100, 5000, 128 << 10, 1 << 20} {
		for range 3 {
			blocks = append(blocks, did(must(h.Malloc(size)), heaptrace.Malloc, 0, int64(size)))
		}
		blocks = append(blocks, did(must(h.Calloc(3, size)), heaptrace.Calloc, 0, int64(3*size)))
		for _, align := range []int{8, 4096, 1 << 20} {
			blocks = append(blocks, did(must(h.Memalign(align, size)), heaptrace.Memalign, uint32(align), int64(size)))
		}
	}
	for i, p := range blocks {
		for _, size := range []int{i + 1, 200, 201, 3000, 200 << 10, 900 << 10, 500 << 10, 10} {
			did(p, heaptrace.Lift, 0, 0)
			p = did(must(h.Realloc(p, size)), heaptrace.Realloc, 0, int64(size))
		}
		if i%2 == 0 {
			h.Free(did(p, heaptrace.Free, 0, 0))
		} else {
			must(h.Realloc(did(p, heaptrace.Free, 0, 0), 0))
		}
	}
	p := did(must(h.Realloc(nil, 100)), heaptrace.Malloc, 0, 100)
	h.Free(did(p, heaptrace.Free, 0, 0))
	expectEvents(t, stop(), want)
}

// expectEvents compares events, except for the fields that depend on chance.
func expectEvents(t *testing.T, got, want []heaptrace.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d events, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		g := got[i]
		if g.Goroutine != got[0].Goroutine || g.Goroutine == 0 {
			t.Fatalf("event %d is of another goroutine", i)
		}
		if i > 0 && g.Time < got[i-1].Time {
			t.Fatalf("event %d is earlier than the one before", i)
		}
		g.Goroutine, g.Time = 0, 0
		if g != want[i] {
			t.Fatalf("event %d: %+v, want %+v", i, g, want[i])
		}
	}
}

// TestTraceMiddle: a trace may begin and end while blocks are live. It has the blocks that
// were allocated meanwhile, and at most the frees of others. All blocks can be freed and
// resized afterwards, and misuse is detected.
func TestTraceMiddle(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 2000})
	var before, during []unsafe.Pointer
	for i := range 400 {
		before = append(before, alloc(t, a, 1+i*i))
	}
	stop := startTrace(t, a)
	for i := range 400 {
		during = append(during, alloc(t, a, 1+i*i))
		if i%2 == 0 {
			a.Free(before[i/2])
		}
	}
	before = before[200:]
	for i, p := range before {
		q, err := a.Realloc(p, 500+i*10)
		if err != nil {
			t.Fatal(err)
		}
		before[i] = q
	}
	var first heaptrace.Live
	followAll(t, &first, stop())
	if first.Objects() != 600 || first.Unknown > 400 {
		t.Errorf("%d are live in the trace, want 600; %d frees of unknown ones", first.Objects(), first.Unknown)
	}
	stop = startTrace(t, a)
	for _, p := range during[:200] {
		a.Free(p)
	}
	for _, e := range stop() {
		if e.Op != heaptrace.Free || !first.Has(e.Addr) {
			t.Fatalf("%+v in a trace of frees", e)
		}
	}
	for _, p := range append(during[200:], before...) {
		a.Free(p)
	}
	if _, ok := panicOf(func() { a.Free(during[0]) }).(*MisuseError); !ok {
		t.Error("a block of the trace can be freed twice")
	}
	if s := a.Stats(); s.Live() != 0 {
		t.Errorf("%d blocks are live at the end", s.Live())
	}
}

// TestTraceConcurrent: goroutines allocate, resize and free each other's blocks, small and
// large, and the kernel moves large objects. The trace never has two live objects at one
// address, and its last live objects are those of the Allocator.
func TestTraceConcurrent(t *testing.T) {
	for _, test := range []struct {
		name   string
		large  int // one in every so many blocks
		policy largeobj.Policy
	}{
		{"mixed", 20, largeobj.Retain},
		{"large", 1, largeobj.Unmap}, // so that other blocks get the address soon
	} {
		t.Run(test.name, func(t *testing.T) {
			a := open(t, Options{ProfileRate: 10_000, GuardRate: guardRate(50), Decay: time.Millisecond, Large: largeobj.Options{Policy: test.policy}})
			recordConcurrent(t, a, test.large)
		})
	}
}

func recordConcurrent(t *testing.T, a *Allocator, large int) {
	stop := startTrace(t, a)
	const goroutines = 4
	handed := make(chan unsafe.Pointer, 2*goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(g), 1))
			var h implementation = whole{a}
			if g%2 == 1 {
				l := a.NewLocal()
				defer l.Close()
				h = handle{l, a}
			}
			for range fewer(1500) {
				p, err := h.Malloc(traceSize(random, large))
				for range random.IntN(3) {
					if err == nil {
						p, err = h.Realloc(p, traceSize(random, large))
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
				handed <- p
				if q := <-handed; random.IntN(100) > 0 {
					h.Free(q)
				}
			}
		})
	}
	wg.Wait()
	events := stop()
	var f heaptrace.Live
	followAll(t, &f, events)
	ids := map[uint64]bool{}
	for _, e := range events {
		ids[e.Goroutine] = true
	}
	if len(ids) < 2 || len(ids) > goroutines || f.Unknown > 0 {
		t.Errorf("%d goroutines, %d frees of unknown objects", len(ids), f.Unknown)
	}
	if s := a.Stats(); f.Objects() == 0 || s.Live() != int64(f.Objects()) {
		t.Errorf("%d blocks are live at the end, %d in the trace", s.Live(), f.Objects())
	}
}

// traceSize returns a size that is mostly small and sometimes large.
func traceSize(random *rand.Rand, large int) int {
	if random.IntN(large) == 0 {
		return 100<<10 + random.IntN(1<<20)
	}
	return 1 + random.IntN(2000)
}

// TestTraceProfile: while a trace makes all blocks take the slow path, the sampling rate is
// unchanged.
func TestTraceProfile(t *testing.T) {
	const n, size, rate = 20_000, 512, 4096
	a := open(t, Options{Decay: -1, ProfileRate: rate})
	stop := startTrace(t, a)
	for range n {
		a.Free(alloc(t, a, size))
	}
	if got := len(stop()); got != 2*n {
		t.Errorf("%d events, want %d", got, 2*n)
	}
	p := a.probability(size)
	if got := inUse(heapProfileOf(t, a), 0)[size]; got < 0.85*n || got > 1.15*n {
		t.Errorf("the profile estimates %v blocks of %d, with probability %v", got, n, p)
	}
}

// errFull is the error of a file on a full disk.
var errFull = errors.New("no space left")

type fullFile struct{ writes int }

func (f *fullFile) Write(b []byte) (int, error) {
	if f.writes++; f.writes > 1 {
		return 0, errFull
	}
	return len(b), nil
}

func TestTraceErrors(t *testing.T) {
	a := open(t, still)
	if err := a.Trace().Start(&fullFile{1}, TraceOptions{}); !errors.Is(err, errFull) {
		t.Errorf("no room for the header: %v", err)
	}
	if err := a.Trace().Start(new(fullFile), TraceOptions{Drop: true}); err != nil {
		t.Fatal(err)
	}
	if err := a.Trace().Start(io.Discard, TraceOptions{}); !errors.Is(err, ErrTracing) {
		t.Errorf("a second trace: %v", err)
	}
	a.Free(alloc(t, a, 10))
	if err := a.Trace().Stop(); !errors.Is(err, errFull) {
		t.Errorf("no room for events: %v", err)
	}
	if err := a.Trace().Stop(); err != nil {
		t.Errorf("stopped twice: %v", err)
	}
	var file bytes.Buffer
	if err := a.Trace().Start(&file, TraceOptions{}); err != nil {
		t.Fatal(err)
	}
	alloc(t, a, 10)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if n := len(readTrace(t, &file)); n != 1 {
		t.Errorf("%d events in a trace that Close ends", n)
	}
	if err := a.Trace().Start(io.Discard, TraceOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("a trace of a closed allocator: %v", err)
	}
}

// BenchmarkTrace measures a pair of Malloc and Free while a trace is recorded, and
// afterwards.
func BenchmarkTrace(b *testing.B) {
	for _, recorded := range []bool{true, false} {
		b.Run(fmt.Sprintf("recorded=%v", recorded), func(b *testing.B) {
			a := open(b, Options{Decay: -1, ProfileRate: -1})
			if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil {
				b.Fatal(err)
			}
			if !recorded {
				if err := a.Trace().Stop(); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				p, _ := a.Malloc(64)
				a.Free(p)
			}
		})
	}
}
