// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// load loads the trace of the events.
func load(t testing.TB, events ...heaptrace.Event) (*Program, *Survey) {
	t.Helper()
	var file bytes.Buffer
	w, err := heaptrace.NewWriter(&file, heaptrace.Header{})
	for i := range events {
		err = errors.Join(err, w.Write(&events[i]))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	p, s, err := Load(&file)
	if err != nil {
		t.Fatal(err)
	}
	return p, s
}

// malloc, free and the others return events of a goroutine.
func malloc(g, addr uint64, size int64) heaptrace.Event {
	return heaptrace.Event{Op: heaptrace.Malloc, Goroutine: g, Addr: addr, Size: size}
}

func free(g, addr uint64) heaptrace.Event {
	return heaptrace.Event{Op: heaptrace.Free, Goroutine: g, Addr: addr}
}

func lift(g, addr uint64) heaptrace.Event {
	return heaptrace.Event{Op: heaptrace.Lift, Goroutine: g, Addr: addr}
}

func realloc(g, addr uint64, size int64) heaptrace.Event {
	return heaptrace.Event{Op: heaptrace.Realloc, Goroutine: g, Addr: addr, Size: size}
}

func TestLoad(t *testing.T) {
	for _, test := range []struct {
		name    string
		events  []heaptrace.Event
		want    Counts // except Events and Ops
		objects int
		steps   int
	}{
		{"nothing", nil, Counts{}, 0, 0},
		{"a pair", []heaptrace.Event{malloc(1, 16, 100), free(1, 16)}, Counts{PeakLive: 100, MaxLive: 1, Largest: 100}, 1, 2},
		{"freed by another", []heaptrace.Event{malloc(1, 16, 100), free(2, 16)}, Counts{PeakLive: 100, MaxLive: 1, Largest: 100}, 1, 2},
		{"live at the end", []heaptrace.Event{malloc(1, 16, 1), malloc(1, 32, 2)}, Counts{PeakLive: 3, MaxLive: 2, Largest: 2, AtEnd: 2}, 2, 4},
		{"from before the trace", []heaptrace.Event{free(1, 16)}, Counts{Unknown: 1}, 0, 0},
		{"a free that was dropped", []heaptrace.Event{malloc(1, 16, 7), malloc(2, 16, 8), free(2, 16)}, Counts{PeakLive: 8, MaxLive: 1, Largest: 8}, 2, 4},
		{"moved by the kernel, with others at both places meanwhile",
			[]heaptrace.Event{malloc(1, 16, 7), malloc(1, 32, 1), lift(1, 16), malloc(2, 16, 5), free(2, 32), realloc(1, 32, 70), free(1, 32), free(1, 16)},
			Counts{PeakLive: 75, MaxLive: 2, Largest: 70}, 3, 7},
		{"resizing what is not known", []heaptrace.Event{lift(1, 16), realloc(1, 32, 9), free(1, 32)}, Counts{Unknown: 1, PeakLive: 9, MaxLive: 1, Largest: 9}, 1, 2},
		{"lifted for ever", []heaptrace.Event{malloc(1, 16, 9), lift(1, 16)}, Counts{PeakLive: 9, MaxLive: 1, Largest: 9, AtEnd: 1}, 1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, _ := load(t, test.events...)
			got := p.Counts
			if got.Events != len(test.events) {
				t.Errorf("%d events, want %d", got.Events, len(test.events))
			}
			got.Events, got.Ops = 0, test.want.Ops
			if got != test.want || p.Objects != test.objects || p.Steps() != test.steps {
				t.Errorf("%+v, %d objects, %d steps\nwant %+v, %d, %d", got, p.Objects, p.Steps(), test.want, test.objects, test.steps)
			}
			if _, err := NewReplay(p).Run(onAshlar(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// handle calls ashlar, without the optional methods of a Handle. ableHandle has these.
type handle struct{ a *alloc.Allocator }

func (w handle) Malloc(size int) unsafe.Pointer      { return must(w.a.Malloc(size)) }
func (w handle) Release(block unsafe.Pointer, _ int) { w.a.Free(block) }
func (w handle) Close()                              {}

type ableHandle struct{ handle }

func (w ableHandle) Calloc(size int) unsafe.Pointer { return must(w.a.Calloc(1, size)) }
func (w ableHandle) Memalign(align, size int) unsafe.Pointer {
	return must(w.a.Memalign(align, size))
}
func (w ableHandle) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return must(w.a.Realloc(block, size))
}

func must(p unsafe.Pointer, err error) unsafe.Pointer {
	if err != nil {
		panic(err)
	}
	return p
}

// onAshlar opens handles of an allocator in which no block may be live at the end.
func onAshlar(t testing.TB) func() suite.Handle {
	a := heap(t)
	return func() suite.Handle { return ableHandle{handle{a}} }
}

func heap(t testing.TB) *alloc.Allocator {
	a := new(alloc.Allocator)
	t.Cleanup(func() {
		var leaks strings.Builder
		if err := a.Inspect().WriteLeaks(&leaks); err != nil || leaks.Len() > 0 {
			t.Errorf("blocks are live at the end: %v\n%s", err, leaks.String())
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// TestShipped: the traces of this package have the counts of their programs. Peers can replay the traces, whether or
// not they can zero, resize and align by themselves.
func TestShipped(t *testing.T) {
	if n := len(Shipped()); n != len(shippedCounts) {
		t.Errorf("%d traces", n)
	}
	for _, name := range Shipped() {
		t.Run(name, func(t *testing.T) {
			if file, err := shipped.ReadFile("testdata/" + name + suffix); err != nil || len(file) > 300<<10 {
				t.Errorf("%v: a trace of %d bytes", err, len(file))
			}
			p, _, err := LoadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%d goroutines, %d objects, %+v", p.Threads(), p.Objects, p.Counts); got != shippedCounts[name] {
				t.Errorf("%s\nwant %s", got, shippedCounts[name])
			}
			replay := NewReplay(p)
			if _, err := replay.Run(onAshlar(t)); err != nil {
				t.Error(err)
			}
			a := heap(t)
			if _, err := replay.Run(func() suite.Handle { return handle{a} }); err != nil {
				t.Error(err)
			}
			if replay.Idle() <= 0 {
				t.Error("going through it takes no time")
			}
		})
	}
}

// A counting handle checks that a peer gets requests of the program's sizes, and gets all blocks back.
type counting struct {
	handle
	live *atomic.Int64
	peak *atomic.Int64
}

func (c counting) Malloc(size int) unsafe.Pointer {
	c.peak.Store(max(c.peak.Load(), c.live.Add(int64(size))))
	return c.handle.Malloc(size)
}

func (c counting) Release(block unsafe.Pointer, size int) {
	c.live.Add(-int64(size))
	c.handle.Release(block, size)
}

// TestReplayHandsOver replays objects that pass from goroutine to goroutine and back, and that each goroutine
// resizes. This fails unless each goroutine waits for the previous one. No goroutine gets so far ahead that much more
// is live than in the trace.
func TestReplayHandsOver(t *testing.T) {
	const goroutines, rounds, size = 5, 20_000, 100
	random := rand.New(rand.NewPCG(1, 2))
	var events []heaptrace.Event
	for i := range uint64(rounds) {
		addr := (i + 1) * 16
		events = append(events, malloc(random.Uint64N(goroutines), addr, size))
		for range 2 {
			g := random.Uint64N(goroutines)
			events = append(events, lift(g, addr), realloc(g, addr, size))
		}
		events = append(events, free(random.Uint64N(goroutines), addr))
	}
	p, _ := load(t, events...)
	a := heap(t)
	var live, peak atomic.Int64
	if _, err := NewReplay(p).Run(func() suite.Handle { return counting{handle{a}, &live, &peak} }); err != nil {
		t.Fatal(err)
	}
	if live.Load() != 0 {
		t.Errorf("%d bytes are not freed", live.Load())
	}
	if n := peak.Load(); n > 2*size*ahead {
		t.Errorf("%d bytes are live at once, in the trace %d", n, p.Counts.PeakLive)
	}
}

// TestReplayFindsOverlap: a peer that returns one block for two objects is detected.
func TestReplayFindsOverlap(t *testing.T) {
	p, _ := load(t, malloc(1, 16, 10), malloc(1, 32, 10), malloc(1, 48, 10), free(1, 16), free(1, 32), free(1, 48))
	if _, err := NewReplay(p).Run(func() suite.Handle { return new(onlyBlock) }); err == nil {
		t.Error("one block for all objects is not detected")
	}
}

type onlyBlock struct{ block [64]byte }

func (b *onlyBlock) Malloc(int) unsafe.Pointer   { return unsafe.Pointer(&b.block) }
func (b *onlyBlock) Release(unsafe.Pointer, int) {}
func (b *onlyBlock) Close()                      {}

func TestAligned(t *testing.T) {
	var events []heaptrace.Event
	for i := range uint64(20) {
		align := uint32(1) << i
		events = append(events, heaptrace.Event{Op: heaptrace.Memalign, Align: align, Addr: 1 << 30 * (i + 1), Size: 5000},
			lift(0, 1<<30*(i+1)), realloc(0, 1<<30*(i+1), 9000))
	}
	p, _ := load(t, events...)
	a := heap(t)
	for _, open := range []func() suite.Handle{onAshlar(t), func() suite.Handle { return handle{a} }} {
		if _, err := NewReplay(p).Run(open); err != nil {
			t.Error(err)
		}
	}
	w := handle{a}
	for align := uint32(1); align < 1<<20; align *= 2 {
		var b block
		b.aligned(w, 100, uintptr(align))
		if uintptr(b.address)%uintptr(align) != 0 || uintptr(b.address)+100 > uintptr(b.base)+uintptr(b.room) {
			t.Errorf("alignment %d: at %p, in %d bytes at %p", align, b.address, b.room, b.base)
		}
		w.Release(b.base, b.room)
	}
}

// TestSurvey: sizes and lifetimes are counted. A resize ends one lifetime and starts
// another.
func TestSurvey(t *testing.T) {
	_, s := load(t,
		malloc(1, 16, 100),                          // lives for 3 steps, in which 1000 and 2 bytes are allocated
		malloc(1, 32, 1000),                         // until the end, as 2 live ones are freed then: 5 steps
		malloc(1, 48, 2),                            // for 2 steps, 0 bytes
		free(1, 16), lift(1, 48), realloc(1, 64, 5)) // and for the rest
	want := map[string][]Bin{
		"sizes":    {{2, 3, 1, 2}, {4, 7, 1, 5}, {64, 127, 1, 100}, {512, 1023, 1, 1000}},
		"in bytes": {{0, 0, 2, 7}, {4, 7, 1, 1000}, {512, 1023, 1, 100}},
		"in steps": {{2, 3, 3, 107}, {4, 7, 1, 1000}},
	}
	for name, got := range map[string][]Bin{"sizes": s.Sizes(), "in bytes": s.LifetimesInBytes(), "in steps": s.LifetimesInSteps()} {
		got = slices.DeleteFunc(got, func(b Bin) bool { return b.Objects == 0 })
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s: %v, want %v", name, got, want[name])
		}
	}
	if s.Kept() != 2 {
		t.Errorf("%d objects are kept, want 2", s.Kept())
	}
}

// TestFit: no other table with as many classes wastes less.
func TestFit(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		s := newSurvey()
		for range 1 + random.IntN(8) {
			s.small[1+random.Int64N(300)] += float64(1 + random.IntN(100))
		}
		s.steps = 10
		d := s.Demand()
		for k := 1; k <= len(d.blocks)+1; k++ {
			table := d.Fit(k)
			got := d.Waste(InTable(table))
			want := lowestWaste(d, k)
			if len(table) != min(k, len(d.blocks)) || !slices.IsSorted(table) || math.Abs(got-want) > 1e-6 {
				t.Fatalf("%v: the best %d of %v waste %v, but %v is possible", s.small, k, table, got, want)
			}
		}
	}
}

// lowestWaste tries all tables of up to k of the block sizes that occur.
func lowestWaste(d *Demand, k int) float64 {
	n, lowest := len(d.blocks), math.Inf(1)
	for set := range 1 << n {
		var table []int64
		for i := range n {
			if set>>i&1 == 1 {
				table = append(table, d.blocks[i])
			}
		}
		if len(table) <= k && set>>(n-1)&1 == 1 { // every size needs a class
			lowest = min(lowest, d.Waste(InTable(table)))
		}
	}
	return lowest
}

func TestBlockSizes(t *testing.T) {
	for size := int64(1); size < 128<<10; size += 1 + size/7 {
		for name, block := range map[string]func(int64) int64{"ashlar": OnAshlar, "Go": OnGo, "powers": OnPowers} {
			if got := block(size); got < size || got > 2*size+Granule {
				t.Errorf("%s: %d bytes in a block of %d", name, size, got)
			}
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	for _, name := range Shipped() {
		b.Run("trace="+name+"/peer=ashlar", func(b *testing.B) {
			p, _, err := LoadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			replay, open := NewReplay(p), onAshlar(b)
			for b.Loop() {
				if _, err := replay.Run(open); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*p.Steps()), "ns/step")
		})
	}
}

// shippedCounts are the counts of the traces in this package.
var shippedCounts = map[string]string{
	"arrow": "7 goroutines, 5001 objects, {Events:40066 Ops:[0 5001 0 5001 15032 15032] Unknown:0 Dropped:0 " +
		"PeakLive:3841216 MaxLive:101 Largest:524288 AtEnd:0}",
	"sqlite": "1 goroutines, 42612 objects, {Events:85276 Ops:[42612 0 0 42612 26 26] Unknown:0 Dropped:0 " +
		"PeakLive:9644723 MaxLive:5323 Largest:65552 AtEnd:0}",
}
