// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// A bystander is an Allocator whose blocks nobody else may change.
type bystander struct {
	a      *Allocator
	blocks []keptBlock
}

type keptBlock struct {
	p       unsafe.Pointer
	size, n int
}

// keep allocates blocks of all kinds and fills them with patterns.
func (b *bystander) keep(t *testing.T) {
	for i, size := range []int{16, 1000, 100 << 10, 200_000, 200_000, 3 << 20, 700, 32 << 10} {
		p := alloc(t, b.a, size)
		fill(bytesAt(p, size), i)
		b.blocks = append(b.blocks, keptBlock{p, size, i})
	}
}

// release verifies all blocks and frees them.
func (b *bystander) release(t *testing.T) {
	for _, k := range b.blocks {
		if !filled(bytesAt(k.p, k.size), k.n) {
			t.Fatalf("a block of %d bytes of another Allocator changed", k.size)
		}
		b.a.Free(k.p)
	}
	b.blocks = nil
	if err := b.a.Inspect().Verify(); err != nil {
		t.Fatalf("another Allocator: %v", err)
	}
}

// besideClose lists the calls that may run while Close runs. Each is repeated until the
// Allocator is closed.
var besideClose = []struct {
	name    string
	options Options
	call    func(a *Allocator) error
}{
	{"Trim", still, func(a *Allocator) error { a.Trim(); return nil }},
	{"purger", Options{Decay: time.Nanosecond}, func(a *Allocator) error { return churn(a, 200_000, 3<<20, 100) }},
	{"Malloc small", still, func(a *Allocator) error { return churn(a, 100<<10, 16, 2000, 30<<10) }},
	{"Malloc large", still, func(a *Allocator) error { return churn(a, 200_000, 1<<20, 3<<20, 200_000) }},
	{"Malloc large, unmapped", Options{Decay: -1, Large: largeobj.Options{Policy: largeobj.Unmap}},
		func(a *Allocator) error { return churn(a, 200_000, 1<<20) }},
	{"Malloc carved", Options{Decay: -1, Large: largeobj.Options{MaxMappings: 1}},
		func(a *Allocator) error { return churn(a, 200_000, 1<<20) }},
	{"Malloc sampled", Options{Decay: -1, ProfileRate: 1}, func(a *Allocator) error { return churn(a, 200_000, 1000) }},
	{"Malloc guarded", guardAll, func(a *Allocator) error { return churn(a, 100, 1000) }},
	{"Malloc checked", strict, func(a *Allocator) error { return churn(a, 100, 200_000) }},
	{"Malloc with span guards", Options{Decay: -1, Hardening: Hardening{SpanGuards: true, RandomOrder: true}},
		func(a *Allocator) error { return churn(a, 100<<10, 1000) }},
	{"Malloc at the limit", Options{Decay: -1, Limit: 40 << 20, OnLimit: func(int) bool { runtime.Gosched(); return false }}, func(a *Allocator) error {
		_, err := a.Malloc(2 << 20)
		if errors.Is(err, ErrLimit) {
			return nil
		}
		return err
	}},
	{"Free zeroed", Options{Decay: -1, Hardening: Hardening{ZeroOnFree: true}}, func(a *Allocator) error { return churn(a, 200_000, 1000, 60<<10) }},
	{"Calloc", still, func(a *Allocator) error {
		for _, size := range []int{100, 4000, 60 << 10, 300 << 10} {
			p, err := a.Calloc(1, size)
			if err != nil {
				return err
			}
			a.Free(p)
		}
		return nil
	}},
	{"Realloc", still, func(a *Allocator) error {
		var p unsafe.Pointer
		for _, size := range []int{100, 5000, 200_000, 2 << 20, 300_000, 1000, 0} {
			q, err := a.Realloc(p, size)
			if err != nil {
				return err
			}
			p = q
		}
		return nil
	}},
	{"Memalign", still, func(a *Allocator) error {
		p, err := a.Memalign(64<<10, 300_000)
		if err == nil {
			a.Free(p)
		}
		return err
	}},
	{"Stats", Options{Decay: -1, ProfileRate: 1}, func(a *Allocator) error {
		a.Stats()
		return churn(a, 200_000)
	}},
	{"HeapMap", still, func(a *Allocator) error { a.Inspect().HeapMap(100); return churn(a, 100<<10) }},
	{"profiles", Options{Decay: -1, ProfileRate: 1}, func(a *Allocator) error {
		_ = a.Profile().WriteFragmentation(io.Discard)
		return errors.Join(a.Profile().Write(io.Discard), churn(a, 200_000, 1000))
	}},
	{"Verify", still, func(a *Allocator) error { return errors.Join(a.Inspect().Verify(), churn(a, 200_000, 1000)) }},
	{"Verify checked", strict, func(a *Allocator) error { return errors.Join(a.Inspect().Verify(), churn(a, 200_000, 1000)) }},
	{"WriteLeaks", Options{Decay: -1, ProfileRate: 1, Leaks: io.Discard}, func(a *Allocator) error { return a.Inspect().WriteLeaks(io.Discard) }},
	{"rates", still, func(a *Allocator) error {
		a.Profile().SetRate(1000)
		_ = a.Inspect().SetGuardRate(10)
		return churn(a, 200_000, 1000)
	}},
	{"trace", still, func(a *Allocator) error {
		if err := a.Trace().Start(io.Discard, TraceOptions{}); err != nil && !errors.Is(err, ErrTracing) {
			return err
		}
		return errors.Join(churn(a, 200_000, 1000), a.Trace().Stop())
	}},
	{"Close", still, func(a *Allocator) error { return a.Close() }},
}

// churn allocates and frees a block of each size.
func churn(a *Allocator, sizes ...int) error {
	for _, size := range sizes {
		p, err := a.Malloc(size)
		if err != nil {
			return err
		}
		a.Free(p)
	}
	return nil
}

// TestCloseBesideCalls: calls that run while an Allocator is closed return as they would
// before or after Close. They do not affect another Allocator, which gets the same
// addresses.
func TestCloseBesideCalls(t *testing.T) {
	const callers = 3
	for _, c := range besideClose {
		t.Run(c.name, func(t *testing.T) {
			if c.options.Hardening.SpanGuards {
				spanGuards(t)
			}
			if c.options.GuardRate > 0 {
				vm.Require(t, vm.Guards)
			}
			old := &bystander{a: open(t, still)}
			old.keep(t)
			for range fewer(32) {
				a, err := NewAllocator(c.options)
				if err != nil {
					t.Fatal(err)
				}
				retain(t, a)
				var all sync.WaitGroup
				var begun atomic.Int32
				for range callers {
					all.Go(func() {
						for !a.gate.closed.Load() {
							yield()
							v := panicOf(func() {
								begun.Add(1)
								err := c.call(a)
								if err != nil && !errors.Is(err, ErrClosed) {
									t.Error(err)
								}
							})
							var m *MisuseError
							if e, _ := v.(error); v != nil && (!errors.As(e, &m) || !a.gate.closed.Load()) {
								t.Errorf("panic(%v)", v)
								return
							}
						}
					})
				}
				for begun.Load() < callers && !a.gate.closed.Load() {
					runtime.Gosched()
				}
				if err := a.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				young := &bystander{a: openOnly(t, still)}
				young.keep(t)
				all.Wait()
				young.release(t)
				shut(t, young.a)
				if n, m := a.Footprint(); n != 0 || m != 0 {
					t.Fatalf("after Close: footprint %d in %d mappings", n, m)
				}
			}
			old.release(t)
		})
	}
}

// retain allocates objects of all kinds and frees most of them, so that some are live and
// the rest is retained.
func retain(t *testing.T, a *Allocator) {
	var ps []unsafe.Pointer
	for i := range 10 {
		for _, size := range []int{200_000, 3 << 20, 100 << 10, 500} {
			p, err := a.Malloc(size)
			if errors.Is(err, ErrLimit) {
				continue
			}
			must(t, p, err)
			if i > 0 {
				ps = append(ps, p)
			}
		}
	}
	for _, p := range ps {
		a.Free(p)
	}
}

// TestCloseByCallback: every function of the program that an Allocator calls may close it.
// A goroutine for which the function waits may do so, too.
func TestCloseByCallback(t *testing.T) {
	closeElsewhere := func(a *Allocator) error {
		result := make(chan error)
		go func() { result <- a.Close() }()
		return <-result
	}
	for _, by := range []struct {
		name  string
		close func(*Allocator) error
	}{{"itself", (*Allocator).Close}, {"another goroutine", closeElsewhere}} {
		t.Run("OnLimit, "+by.name, func(t *testing.T) {
			for _, size := range []int{1000, 300_000} {
				var a *Allocator
				a, err := NewAllocator(Options{Decay: -1, Limit: 1 << 20, OnLimit: func(int) bool {
					if err := by.close(a); err != nil {
						t.Error(err)
					}
					return false
				}})
				if err != nil {
					t.Fatal(err)
				}
				for err == nil {
					_, err = a.Malloc(size)
				}
				if !errors.Is(err, ErrClosed) {
					t.Errorf("Malloc: %v", err)
				}
				if n, m := a.Footprint(); n != 0 || m != 0 {
					t.Errorf("after Close: footprint %d in %d mappings", n, m)
				}
			}
		})
		t.Run("Logger, "+by.name, func(t *testing.T) {
			var a *Allocator
			a, err := NewAllocator(Options{Decay: -1, Limit: 1 << 20, Logger: slog.New(handler(func() {
				if err := by.close(a); err != nil {
					t.Error(err)
				}
			}))})
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = a.Malloc(1000)
			}
			if _, err := a.Malloc(1000); !errors.Is(err, ErrClosed) {
				t.Errorf("Malloc: %v", err)
			}
		})
		t.Run("Logger of the purger, "+by.name, func(t *testing.T) {
			vm.Inject(func(op vm.Op) error {
				if op == vm.OpPurge {
					return errInjected
				}
				return nil
			})
			defer vm.Inject(nil)
			var a *Allocator
			closed := make(chan error, 1)
			a, err := NewAllocator(Options{Decay: time.Nanosecond, Logger: slog.New(handler(func() { closed <- by.close(a) }))})
			if err != nil {
				t.Fatal(err)
			}
			a.Free(alloc(t, a, 1000))
			select {
			case err := <-closed:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("Close hangs")
			}
			if _, err := a.Malloc(1000); !errors.Is(err, ErrClosed) {
				t.Errorf("Malloc: %v", err)
			}
		})
		t.Run("Leaks, "+by.name, func(t *testing.T) {
			var a *Allocator
			var report bytes.Buffer
			a, err := NewAllocator(Options{Decay: -1, ProfileRate: 1, Leaks: writer(func(b []byte) {
				report.Write(b)
				if err := by.close(a); err != nil {
					t.Error(err)
				}
			})})
			if err != nil {
				t.Fatal(err)
			}
			alloc(t, a, 1000)
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			if n := bytes.Count(report.Bytes(), []byte("1 blocks of")); n != 1 {
				t.Errorf("%d reports: %s", n, &report)
			}
		})
	}
}

// A writer is a function as an io.Writer.
type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

// A handler is a function as a slog.Handler: it is called for each record.
type handler func()

func (h handler) Enabled(context.Context, slog.Level) bool  { return true }
func (h handler) Handle(context.Context, slog.Record) error { h(); return nil }
func (h handler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h handler) WithGroup(string) slog.Handler             { return h }
