// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// A worker allocates, fills, resizes and frees blocks, and passes some to other workers. It
// verifies each block before it gives it up.
type worker struct {
	m    implementation
	r    *rand.Rand
	mine []modelBlock
	out  chan<- modelBlock // blocks for other workers
	in   <-chan modelBlock
}

func (w *worker) work(steps int) error {
	for i := range steps {
		if err := w.step(i); err != nil {
			return err
		}
	}
	for _, b := range w.mine {
		if err := w.free(b); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) step(i int) error {
	select {
	case b := <-w.in:
		if w.r.IntN(2) == 0 {
			return w.free(b)
		}
		w.mine = append(w.mine, b)
	default:
	}
	switch k := w.r.IntN(10); {
	case k < 5 || len(w.mine) == 0:
		size := w.r.IntN(1 << (3 + w.r.IntN(11)))
		if w.r.IntN(200) == 0 {
			size = 100<<10 + w.r.IntN(200<<10)
		}
		p, err := w.m.Malloc(size)
		if err != nil {
			return err
		}
		w.keep(p, i)
	case k < 6:
		b := w.take()
		if !filled(bytesAt(b.p, b.size), b.number) {
			return fmt.Errorf("a block of %d bytes changed", b.size)
		}
		size := 1 + w.r.IntN(2*b.size+100)
		p, err := w.m.Realloc(b.p, size)
		if err != nil {
			return err
		}
		if !filled(bytesAt(p, min(size, b.size)), b.number) {
			return fmt.Errorf("Realloc from %d to %d bytes lost contents", b.size, size)
		}
		w.keep(p, i)
	case k < 8:
		b := w.take()
		select {
		case w.out <- b:
		default:
			return w.free(b)
		}
	default:
		return w.free(w.take())
	}
	if len(w.mine) > 200 {
		return w.free(w.take())
	}
	return nil
}

func (w *worker) keep(p unsafe.Pointer, number int) {
	n := UsableSize(p)
	fill(bytesAt(p, n), number)
	w.mine = append(w.mine, modelBlock{p, n, number})
}

func (w *worker) take() modelBlock {
	i, last := w.r.IntN(len(w.mine)), len(w.mine)-1
	b := w.mine[i]
	w.mine[i] = w.mine[last]
	w.mine = w.mine[:last]
	return b
}

func (w *worker) free(b modelBlock) error {
	if n := UsableSize(b.p); n != b.size {
		return fmt.Errorf("a block of %d bytes has %d now", b.size, n)
	}
	if !filled(bytesAt(b.p, b.size), b.number) {
		return fmt.Errorf("a block of %d bytes changed", b.size)
	}
	w.m.Free(b.p)
	return nil
}

// TestConcurrent makes workers share an Allocator while a disturbance runs.
func TestConcurrent(t *testing.T) {
	for _, c := range []struct {
		name    string
		o       Options
		workers int
		local   bool
		disturb func(a *Allocator) // called repeatedly; nil: no disturbance
	}{
		{"quiet", still, 4, false, nil},
		{"many", still, 16, false, nil},
		{"Locals", still, 4, true, nil},
		{"Trim", still, 4, false, func(a *Allocator) { a.Trim() }},
		{"Locals and Trim", still, 4, true, func(a *Allocator) { a.Trim() }},
		{"GC", still, 4, false, func(*Allocator) { runtime.GC() }},
		{"GOMAXPROCS", still, 6, false, func() func(*Allocator) {
			n := 0
			return func(*Allocator) { n++; runtime.GOMAXPROCS(1 + n%5); runtime.Gosched() }
		}()},
		{"purger", Options{Decay: time.Millisecond}, 4, true, nil},
		{"purger and Trim", Options{Decay: time.Millisecond}, 4, true, func(a *Allocator) { a.Trim() }},
		{"come and go", still, 4, true, func(a *Allocator) {
			l := a.NewLocal()
			if p, err := l.Malloc(100); err == nil {
				a.Free(p)
			}
			l.Close()
		}},
	} {
		t.Run(c.name, func(t *testing.T) { disturbed(t, c.o, c.workers, c.local, c.disturb) })
	}
}

// disturbed makes workers share an Allocator. If locals is set, every second worker uses a
// Local. It calls disturb repeatedly until the workers are done.
func disturbed(t *testing.T, o Options, workers int, locals bool, disturb func(*Allocator)) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	a := open(t, o)
	over := make(chan modelBlock, 64)
	var all sync.WaitGroup
	var left atomic.Int32
	left.Store(int32(workers))
	for g := range workers {
		all.Go(func() {
			defer left.Add(-1)
			w := &worker{m: whole{a}, r: rand.New(rand.NewPCG(uint64(g), 5)), out: over, in: over}
			if locals && g%2 == 0 {
				l := a.NewLocal()
				defer l.Close()
				w.m = handle{l, a}
			}
			if err := w.work(fewer(32000) / workers); err != nil {
				t.Error(err)
			}
		})
	}
	for disturb != nil && left.Load() > 0 {
		disturb(a)
		runtime.Gosched()
	}
	all.Wait()
	close(over)
	for b := range over {
		a.Free(b.p)
	}
	if !t.Failed() {
		drained(t, a)
	}
}

// TestProducerConsumer allocates on one goroutine and frees everything on another.
func TestProducerConsumer(t *testing.T) {
	a := open(t, still)
	for _, size := range []int{64, 3000, 150 << 10} {
		batches := make(chan []unsafe.Pointer, 4)
		var all sync.WaitGroup
		n := fewer(30000) * 64 / (size + 64)
		all.Go(func() {
			defer close(batches)
			for range n/100 + 1 {
				var batch []unsafe.Pointer
				for range 100 {
					p, err := a.Malloc(size)
					if err != nil {
						t.Error(err)
						return
					}
					*(*int)(p) = size
					batch = append(batch, p)
				}
				batches <- batch
			}
		})
		all.Go(func() {
			for batch := range batches {
				for _, p := range batch {
					if *(*int)(p) != size {
						t.Error("a block changed on its way")
					}
					a.Free(p)
				}
			}
		})
		all.Wait()
	}
	// The blocks in flight at one time bound the memory that is needed.
	if peak := a.space.Footprint.Peak(); peak > 256<<20 {
		t.Errorf("the footprint was %d bytes for a few hundred blocks in flight", peak)
	}
	drained(t, a)
}
