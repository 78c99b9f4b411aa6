// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// useAll allocates and frees blocks of all kinds, through the Allocator and through a
// Local, so that a retains much memory.
func useAll(t *testing.T, a *Allocator) {
	t.Helper()
	l := a.NewLocal()
	defer l.Close()
	for _, m := range []Memory{a, l} {
		var blocks []unsafe.Pointer
		for i := range 200 {
			p, err := m.Malloc([]int{10, 1000, 30_000, 200_000}[i%4])
			if err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, p)
		}
		for _, p := range blocks {
			m.Free(p)
		}
	}
}

func openPlain(t *testing.T, o Options) *Allocator {
	t.Helper()
	a, err := NewAllocator(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestBubbles: an Allocator may be created, used and closed inside and outside bubbles of
// testing/synctest, in any order. A bubble waits for its goroutines and timers, and the
// process panics if goroutines outside the bubble use its channels. So the Allocator must
// do neither.
func TestBubbles(t *testing.T) {
	anHour := func() { time.Sleep(time.Hour) } // after this time of the bubble's clock nothing is retained
	for name, c := range map[string]struct {
		o                     Options
		before, within, after func(t *testing.T, a *Allocator)
	}{
		"used within":                {within: useAll},
		"closed within":              {within: func(t *testing.T, a *Allocator) { useAll(t, a); closeIt(t, a) }},
		"used before, closed within": {before: useAll, within: func(t *testing.T, a *Allocator) { useAll(t, a); closeIt(t, a) }},
		"used before and within":     {before: useAll, within: func(t *testing.T, a *Allocator) { useAll(t, a); anHour(); useAll(t, a) }, after: useAll},
		"first used within":          {within: func(t *testing.T, a *Allocator) { useAll(t, a); anHour() }, after: useAll},
		"checked":                    {o: Options{Checked: true}, within: useAll, after: useAll},
		"without decay":              {o: Options{Decay: -1}, within: useAll, after: useAll},
		"at rest before": {o: Options{Decay: time.Millisecond}, before: func(t *testing.T, a *Allocator) {
			useAll(t, a)
			for !asleep(a) {
				time.Sleep(time.Millisecond)
			}
		}, within: useAll, after: useAll},
		"at the limit": {o: Options{Limit: 1 << 20}, before: reachLimit, within: reachLimit, after: reachLimit},
		"traced within": {within: func(t *testing.T, a *Allocator) {
			if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil {
				t.Fatal(err)
			}
			useAll(t, a)
			if err := a.Trace().Stop(); err != nil {
				t.Fatal(err)
			}
		}, after: useAll},
		"traced before": {before: func(t *testing.T, a *Allocator) {
			if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil {
				t.Fatal(err)
			}
		}, within: useAll, after: func(t *testing.T, a *Allocator) {
			useAll(t, a)
			if err := a.Trace().Stop(); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := openPlain(t, c.o)
			if c.before != nil {
				c.before(t, a)
			}
			for range 2 {
				synctest.Test(t, func(t *testing.T) { c.within(t, a) })
				if a.gate.closed.Load() {
					return
				}
			}
			if c.after != nil {
				c.after(t, a)
			}
			closeIt(t, a)
		})
	}
}

func closeIt(t *testing.T, a *Allocator) {
	t.Helper()
	if err := errors.Join(a.Inspect().Verify(), a.Close()); err != nil {
		t.Error(err)
	}
}

// reachLimit allocates up to the limit, then frees everything.
func reachLimit(t *testing.T, a *Allocator) {
	var blocks []unsafe.Pointer
	for range 10_000 {
		p, err := a.Malloc(1000)
		if err != nil {
			break
		}
		blocks = append(blocks, p)
	}
	if len(blocks) < 100 || len(blocks) == 10_000 {
		t.Errorf("%d blocks of 1000 bytes up to a limit of 1 MiB", len(blocks))
	}
	for _, p := range blocks {
		a.Free(p)
	}
}

// TestMadeWithin: an Allocator that a bubble created and left open works like any other.
func TestMadeWithin(t *testing.T) {
	var a *Allocator
	synctest.Test(t, func(t *testing.T) {
		a = openPlain(t, Options{Decay: 4 * time.Millisecond})
		useAll(t, a)
	})
	useAll(t, a) // starts to return memory to the kernel, including that from the bubble
	for end := time.Now().Add(30 * time.Second); a.space.Footprint.Now() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are still retained", a.space.Footprint.Now())
		}
	}
	closeIt(t, a)
}

// TestDefaultInBubble: the default Allocator works inside and outside bubbles.
func TestDefaultInBubble(t *testing.T) {
	for range 2 {
		synctest.Test(t, func(t *testing.T) { useAll(t, Default()) })
		useAll(t, Default())
	}
}

// TestNoGoroutine: an Allocator that retains memory keeps no goroutine running. Leak
// detectors for goroutines would report it.
func TestNoGoroutine(t *testing.T) {
	a := openPlain(t, Options{Decay: time.Hour}) // long, so that nothing is purged during the test
	useAll(t, a)
	if asleep(a) {
		t.Fatal("nothing is retained, or nothing would be purged later")
	}
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	for _, stack := range strings.Split(string(all), "\n\n")[1:] { // the first is this goroutine
		if strings.Contains(stack, "alloc.(*Allocator)") {
			t.Errorf("there is a goroutine:\n%s", stack)
		}
	}
	closeIt(t, a)
}

// TestTraceBesideBubble: a trace that a bubble starts and stops also has the operations of
// goroutines outside the bubble. They are not disturbed.
func TestTraceBesideBubble(t *testing.T) {
	a := openPlain(t, Options{})
	var stop atomic.Bool
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			for !stop.Load() {
				useAll(t, a)
				yield()
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil {
				t.Fatal(err)
			}
			for range 10 {
				useAll(t, a)
				time.Sleep(time.Second)
			}
			if err := a.Trace().Stop(); err != nil {
				t.Fatal(err)
			}
		}
	})
	stop.Store(true)
	others.Wait()
	closeIt(t, a)
}
