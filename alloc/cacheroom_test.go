// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// TestQueueHoldsLittle: in a queue whose buffers some allocate and others free, the Allocator's peak
// stays near that of the live bytes, through itself and through Locals that only allocate or only
// free.
func TestQueueHoldsLittle(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // each processor that the test ran on would cache some
	for name, of := range map[string]struct {
		locals int
		most   float64 // times the live bytes
	}{"Allocator": {0, 4.5}, "2 Locals": {2, 3.9}, "16 Locals": {16, 4.25}} {
		t.Run(name, func(t *testing.T) {
			a := open(t, still)
			handles := []Memory{a, a}
			if of.locals > 0 {
				handles = nil
			}
			for range of.locals {
				handles = append(handles, local(t, a))
			}
			held, live := peakOfQueue(t, a, handles)
			if ratio := float64(held) / float64(live); ratio > of.most {
				t.Errorf("%d bytes are held at the peak, %.2f times the live ones", held, ratio)
			} else {
				t.Logf("%.2f times the live bytes", ratio)
			}
			for _, m := range handles {
				if l, ok := m.(*Local); ok {
					l.Close()
				}
			}
			a.Trim()
			if n, _ := a.Footprint(); n != 0 {
				t.Errorf("%d bytes are kept after Trim", n)
			}
		})
	}
}

// peakOfQueue passes buffers of 512 B to 64 KiB, each doubling as likely as any other, from the first
// half of the handles to the second half, through a queue of 256. It returns the peaks of the
// footprint and of the live bytes.
func peakOfQueue(t *testing.T, a *Allocator, handles []Memory) (held, live int64) {
	t.Helper()
	type buffer struct {
		p    unsafe.Pointer
		size int
	}
	random := rand.New(rand.NewPCG(1, 2))
	var queue []buffer
	now := int64(0)
	release := func(n int) {
		for range n {
			handles[len(handles)/2+random.IntN(len(handles)/2)].Free(queue[0].p)
			now -= int64(queue[0].size)
			queue = queue[1:]
		}
	}
	for i := range 20_000 {
		if len(queue) == 256 {
			release(1 + random.IntN(64))
		}
		low := 512 << random.IntN(7)
		b := buffer{size: low + 1 + random.IntN(low)}
		b.p = alloc(t, handles[random.IntN(len(handles)/2)], b.size)
		queue, now = append(queue, b), now+int64(b.size)
		live = max(live, now)
		if i%1000 == 0 {
			if err := a.checkInvariants(); err != nil {
				t.Fatal(err)
			}
		}
	}
	release(len(queue))
	return a.space.Footprint.Peak(), live
}

// TestFreedHeapIsKept: a program that frees all its blocks and allocates them again finds them in the
// depots, without new spans.
func TestFreedHeapIsKept(t *testing.T) {
	a := open(t, still)
	blocks := make([]unsafe.Pointer, 2000)
	for range 3 {
		for i := range blocks {
			blocks[i] = alloc(t, a, 1000)
		}
		for _, p := range blocks {
			a.Free(p)
		}
		if m := a.Stats().Memory; m.Idle > 256<<10 {
			t.Errorf("%d bytes have gone back to their spans, %d are cached, %d in the depots", m.Idle, m.Cached, m.Depot)
		}
	}
}

// TestFewBlocksAreCached: a Local that frees one block of each class caches about that much, not a
// magazine of each class.
func TestFewBlocksAreCached(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	freed := int64(0)
	for c := range sizeclass.Class(sizeclass.Count) {
		l.Free(alloc(t, l, c.Size()))
		freed += max(int64(c.Size()), 4<<10)
	}
	if s := a.Stats(); s.Memory.Cached+s.Memory.Depot > freed {
		t.Errorf("%d bytes are cached and %d in the depots, more than %d", s.Memory.Cached, s.Memory.Depot, freed)
	}
}

// TestBusyClassIsCached: blocks of a class that is used much seldom go through the depot, even if
// other classes have filled the cache before.
func TestBusyClassIsCached(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	for c := range sizeclass.Class(sizeclass.Count) {
		l.Free(alloc(t, l, c.Size()))
	}
	exchanges := func() (n int64) {
		for _, c := range a.Stats().Classes {
			n += c.Exchanges
		}
		return n
	}
	before := exchanges()
	const rounds = 1000
	for range rounds {
		var blocks [32]unsafe.Pointer
		for i := range blocks {
			blocks[i] = alloc(t, l, 1000)
		}
		for _, p := range blocks {
			l.Free(p)
		}
	}
	if n := exchanges() - before; n > rounds/10 {
		t.Errorf("%d exchanges with the depots for %d batches", n, rounds)
	}
}

// TestManyLocalsShareLargeBlocks: a large block that one of many Locals has freed is at once there for
// the others.
func TestManyLocalsShareLargeBlocks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // each processor that the test ran on would cache a block
	a := open(t, still)
	var locals []*Local
	for range 2 * manyLocals {
		l := local(t, a)
		l.Free(alloc(t, l, 16))
		locals = append(locals, l)
	}
	const size = 60 << 10
	for _, l := range locals {
		l.Free(alloc(t, l, size))
	}
	c := sizeclass.Of(size)
	if n := a.Stats().Classes[c].Spans; n > 4 {
		t.Errorf("%d Locals, of which one at a time had a block, needed %d spans", len(locals), n)
	}
}
