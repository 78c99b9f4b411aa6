// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// twiceSize is a size whose size code is 0. So the sum of size codes stays correct when a
// block is freed twice at once.
const twiceSize = 961

// freeTwice does the same as two goroutines that free p at the same moment: each finds the
// block live, and each puts it into a magazine.
func freeTwice(p unsafe.Pointer, first, second *Local) {
	s := spanOf(p)
	st := smallheap.StateOf(raw.Addr(unsafe.Pointer(s)), s.Index(raw.Addr(p)))
	before := *st
	first.Free(p)
	*st = before
	second.Free(p)
}

func wantTwice(t *testing.T, op string, p unsafe.Pointer, f func()) {
	t.Helper()
	wantMisuse(t, f, MisuseError{Kind: DoubleFree, Op: op, Addr: uintptr(p), Block: uintptr(p), Size: GoodSize(twiceSize), State: "free"},
		"two goroutines", "at the same time")
}

// TestFreedTwiceAtOnce: the block is allocated once, and the second entry is reported.
func TestFreedTwiceAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, op string
		get      func(*Local) (unsafe.Pointer, error)
	}{
		{"malloc", "Malloc", func(l *Local) (unsafe.Pointer, error) { return l.Malloc(twiceSize) }},
		{"calloc", "Calloc", func(l *Local) (unsafe.Pointer, error) { return l.Calloc(1, twiceSize) }},
		{"memalign", "Memalign", func(l *Local) (unsafe.Pointer, error) { return l.Memalign(64, twiceSize) }},
		{"realloc", "Realloc", func(l *Local) (unsafe.Pointer, error) { return l.Realloc(nil, twiceSize) }},
	} {
		t.Run("same cache, "+c.name, func(t *testing.T) {
			a := open(t, still)
			l := local(t, a)
			p := alloc(t, l, twiceSize)
			freeTwice(p, l, l)
			if q := alloc(t, l, twiceSize); q != p {
				t.Fatalf("got %p, want %p first", q, p)
			}
			fill(bytesAt(p, twiceSize), 1)
			wantTwice(t, c.op, p, func() { _, _ = c.get(l) })
			check(t, a)
			for range 200 {
				q, err := c.get(l)
				if must(t, q, err) == p {
					t.Fatal("the block was allocated twice")
				}
			}
			if !filled(bytesAt(p, twiceSize), 1) {
				t.Error("the block was written to while it was live")
			}
			l.Free(p)
		})
		t.Run("two caches, "+c.name, func(t *testing.T) {
			a := open(t, still)
			l, k := local(t, a), local(t, a)
			p := alloc(t, l, twiceSize)
			freeTwice(p, l, k)
			if q := alloc(t, l, twiceSize); q != p {
				t.Fatalf("got %p, want %p first", q, p)
			}
			wantTwice(t, c.op, p, func() { _, _ = c.get(k) })
			check(t, a)
			stillWorks(t, a, k)
			wantMisuse(t, func() { k.Free(p); k.Free(p) },
				MisuseError{Kind: DoubleFree, Op: "Free", Addr: uintptr(p), Block: uintptr(p), Size: GoodSize(twiceSize), State: "free"})
		})
	}
}

// TestFreedTwiceDrained: the second entry does no harm when magazines are returned to the
// span.
func TestFreedTwiceDrained(t *testing.T) {
	for _, others := range []int{0, 1, 500} {
		a := open(t, still)
		l, k := local(t, a), local(t, a)
		var live []unsafe.Pointer
		for range others {
			live = append(live, alloc(t, l, twiceSize))
		}
		p := alloc(t, l, twiceSize)
		freeTwice(p, l, k)
		l.Close()
		k.Close()
		a.Trim()
		check(t, a)
		for _, q := range live {
			a.Free(q)
		}
		drained(t, a)
		stillWorks(t, a, l)
	}
}

// TestFreedTwiceGone: the second entry does no harm if the span and its descriptor were
// freed before the entry is used.
func TestFreedTwiceGone(t *testing.T) {
	for _, reuse := range []bool{false, true} {
		a := open(t, still)
		l, k := local(t, a), local(t, a)
		p := alloc(t, l, twiceSize)
		freeTwice(p, l, k)
		l.Close()
		a.Trim() // frees the span, whose count of live blocks is 0
		if UsableSize(alloc(t, a, 30000)) == 0 || reuse && alloc(t, a, 200) == nil {
			t.Fatal("no block")
		}
		var q unsafe.Pointer
		var err error
		if v := panicOf(func() { q, err = k.Malloc(twiceSize) }); v != nil {
			wantTwice(t, "Malloc", p, func() { panic(v) })
			stillWorks(t, a, k)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if s := pagemap.HeaderOf(raw.Addr(q)); s == nil || s.Kind != pagemap.Span || s.Size != uint32(GoodSize(twiceSize)) {
			t.Fatalf("got %p, where there is no block: %+v", q, s)
		}
		k.Free(q)
	}
}

// TestFreedTwiceRacing: several goroutines free the same blocks. A second free is reported
// at once or when its entry is used, and no block is allocated twice.
func TestFreedTwiceRacing(t *testing.T) {
	for _, size := range []int{twiceSize, 200 << 10} {
		a := open(t, still)
		var reports atomic.Int64
		try := func(f func()) bool {
			v := panicOf(f)
			var m *MisuseError
			if err, ok := v.(error); v != nil && (!ok || !errors.As(err, &m)) {
				t.Errorf("panic(%v), want a *MisuseError", v)
			}
			if v != nil {
				reports.Add(1)
			}
			return v == nil
		}
		get := func() (p unsafe.Pointer) {
			for !try(func() { p = alloc(t, a, size) }) {
			}
			return p
		}
		keep := get() // keeps the span from being freed
		rounds := fewer(4000)
		for range rounds {
			p := get()
			var both sync.WaitGroup
			var ready atomic.Int32
			for range 2 {
				both.Go(func() {
					for ready.Add(1); ready.Load() < 2; {
						runtime.Gosched()
					}
					try(func() { a.Free(p) })
				})
			}
			both.Wait()
			// each processor uses the entries in its own cache
			live := map[unsafe.Pointer]bool{}
			for range 3 {
				q := get()
				if live[q] {
					t.Fatal("a block was allocated twice")
				}
				live[q] = true
			}
			for q := range live {
				a.Free(q)
			}
		}
		if n := reports.Load(); n == 0 || n > int64(rounds) {
			t.Errorf("%d double frees of %d bytes, %d reports", rounds, size, n)
		}
		a.Trim() // removes the second entries that are still in caches
		a.Free(keep)
		drained(t, a)
	}
}
