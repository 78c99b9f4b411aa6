// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/stats"
)

// TestLocalsDropped: Locals that are dropped without Close keep no more memory than the
// limit allows, even if the garbage collector never runs.
func TestLocalsDropped(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	a := open(t, Options{Decay: -1, Limit: 24 << 20})
	for range 400 {
		l := a.NewLocal()
		var blocks []unsafe.Pointer
		for i := range 40 {
			blocks = append(blocks, alloc(t, l, 100+60*i*i))
		}
		for _, p := range blocks {
			l.Free(p)
		}
	}
	drained(t, a)
}

// TestLocalsIdle: the purger takes memory away from idle Locals. The Locals continue to
// work.
func TestLocalsIdle(t *testing.T) {
	a := open(t, fast)
	var all []*Local
	for range 20 {
		l := local(t, a)
		l.Free(alloc(t, l, 5000))
		all = append(all, l)
	}
	if !eventually(func() bool { return a.space.Footprint.Now() == 0 && asleep(a) }) {
		t.Errorf("%d bytes are kept, the purger rests: %v", a.space.Footprint.Now(), asleep(a))
	}
	for _, l := range all {
		l.Free(alloc(t, l, 5000))
	}
}

// maxLocalBytes is how much a Local holds at most.
const maxLocalBytes = 8 << 20

// TestLocalBounded: a Local keeps at most maxLocalBytes of freed blocks.
func TestLocalBounded(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	var s stats.Snapshot
	for range 3 {
		for _, order := range []int{1, -1} {
			for i := range sizeclass.Count {
				c := sizeclass.Class(i)
				if order < 0 {
					c = sizeclass.Count - 1 - c
				}
				var blocks []unsafe.Pointer
				for range 600_000/c.Size() + 10 {
					blocks = append(blocks, alloc(t, l, c.Size()))
				}
				for _, p := range blocks {
					l.Free(p)
				}
				if s = a.Stats(); s.Memory.Cached > maxLocalBytes {
					t.Fatalf("%d bytes are cached after blocks of %d", s.Memory.Cached, c.Size())
				}
			}
		}
	}
	l.Free(alloc(t, l, 1<<20))
	if s = a.Stats(); s.Memory.Cached < maxLocalBytes/8 {
		t.Errorf("only %d bytes are cached", s.Memory.Cached)
	}
	a.Trim()
	if s = a.Stats(); s.Footprint.Now != 0 {
		t.Errorf("%d bytes are kept after Trim", s.Footprint.Now)
	}
}

// TestLocalOfManyClasses: a Local whose blocks are of all sizes up to 8 KiB seldom goes to the
// depots, though its magazines could hold more than they should.
func TestLocalOfManyClasses(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	random := rand.New(rand.NewPCG(1, 2))
	live := make([]unsafe.Pointer, 1000)
	const replaced = 50_000
	for range replaced {
		i := random.IntN(len(live))
		l.Free(live[i])
		live[i] = alloc(t, l, 1+random.IntN(8<<10))
	}
	exchanges := int64(0)
	for _, c := range a.Stats().Classes {
		exchanges += c.Exchanges
	}
	if exchanges > replaced/4 {
		t.Errorf("%d exchanges with the depots for %d blocks", exchanges, replaced)
	}
	for _, p := range live {
		l.Free(p)
	}
}

// TestManyLocals: the magazines of many Locals are short, so that blocks which one Local frees
// soon reach the others.
func TestManyLocals(t *testing.T) {
	cached := func(locals int) int64 {
		a := open(t, still)
		for range locals {
			l := local(t, a)
			var blocks []unsafe.Pointer
			for range 500 {
				blocks = append(blocks, alloc(t, l, 64))
			}
			for _, p := range blocks {
				l.Free(p)
			}
		}
		return a.Stats().Memory.Cached
	}
	few, many := cached(1), cached(16)
	if many > 16*few*3/4 {
		t.Errorf("a Local caches %d bytes, and 16 Locals %d", few, many)
	}
}

// TestLocalReclaimedInUse: memory is not taken away from Locals in use. No block is
// allocated twice.
func TestLocalReclaimedInUse(t *testing.T) {
	a := open(t, Options{Decay: time.Nanosecond})
	var done atomic.Bool
	var workers, disturbers sync.WaitGroup
	for g := range 4 {
		workers.Go(func() {
			for i := range fewer(400) {
				l := a.NewLocal()
				useLocal(t, l, uint64(g)<<32|uint64(i))
				if i%3 == 0 {
					l.Close()
				}
			}
		})
	}
	disturbers.Go(func() {
		for !done.Load() {
			a.Trim()
			runtime.GC()
			yield()
		}
	})
	workers.Wait()
	done.Store(true)
	disturbers.Wait()
}

// useLocal allocates, writes, verifies and frees blocks of some classes.
func useLocal(t *testing.T, l *Local, mark uint64) {
	var blocks [60]unsafe.Pointer
	for round := range 10 {
		for i := range blocks {
			blocks[i] = alloc(t, l, 16<<(i%8))
			binary.LittleEndian.PutUint64(bytesAt(blocks[i], 8), mark+uint64(i+round))
		}
		for i, p := range blocks {
			if binary.LittleEndian.Uint64(bytesAt(p, 8)) != mark+uint64(i+round) {
				t.Error("another goroutine has the same block")
			}
			l.Free(p)
		}
	}
}

// TestInFastPath: inFastPath recognises the stack of a goroutine that stopped in a fast
// path of a Local, and does not take a slow path for one. It calls the fast paths in Go, because
// no goroutine is stopped in assembly.
func TestInFastPath(t *testing.T) {
	if runtime.GOARCH == "wasm" {
		t.Skip("every address below the end of the memory can be read on " + runtime.GOOS)
	}
	if inFastPath(goroutineStacks()) {
		t.Error("nobody uses a Local")
	}
	a := open(t, still)
	p := alloc(t, a, 100)
	for name, f := range map[string]func(*Local){
		"Malloc":      func(l *Local) { _, _ = localMallocGo(l, 100) },
		"Calloc":      func(l *Local) { _, _ = l.Calloc(1, 100) },
		"Free":        func(l *Local) { localFreeGo(l, p) },
		"MallocBatch": func(l *Local) { l.takeBatch(sizeclass.ClassCodeOf(100), make([]unsafe.Pointer, 2)) },
		"FreeBatch":   func(l *Local) { l.putBatch([]unsafe.Pointer{p}) },
	} {
		l := a.NewLocal()
		l.cache = 8 // an invalid address: the fast path faults
		var at runtime.StackRecord
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not fault", name)
				}
				runtime.Callers(2, at.Stack0[:]) // of the function that panics, and of its callers
			}()
			f(l)
		}()
		if !inFastPath([]runtime.StackRecord{at}) {
			t.Errorf("%s is not seen on the stack that stopped in it", name)
		}
	}
	waiting := make(chan struct{})
	b := open(t, Options{Decay: -1, Limit: 1, OnLimit: func(int) bool {
		if inFastPath(goroutineStacks()) {
			t.Error("a slow path is taken for a fast one")
		}
		close(waiting)
		return false
	}})
	_, _ = b.NewLocal().Malloc(100)
	<-waiting
	a.Free(p)
}
