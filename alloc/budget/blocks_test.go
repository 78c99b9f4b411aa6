// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"errors"
	"runtime"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestBlocksInGoMemory: where blocks are Go memory, the Go memory limit counts them, too. So it is
// higher by them. What the Go heap may have itself is the same as elsewhere, except that memory of
// blocks that were freed stays in RAM.
func TestBlocksInGoMemory(t *testing.T) {
	const limit, reserve, floor = 1024 * MiB, 64 * MiB, 128 * MiB
	h, m := &fakeHeap{limit: noLimit, bytes: 100 * MiB, blocks: 8 * MiB}, &fakeMemory{}
	b := quiet(t, Options{Limit: limit, Floor: floor, Reserve: reserve}, h, m)
	check := func(when string) {
		t.Helper()
		goLimit := h.limit - h.blocks
		if sum := m.limit + MiB + goLimit + reserve; sum > limit+limit/256 && goLimit > floor {
			t.Errorf("%s: off-heap may have %d MiB and the Go heap %d MiB", when, m.limit/MiB, goLimit/MiB)
		}
		if goLimit < floor-limit/256 {
			t.Errorf("%s: the Go heap may have %d MiB beside its blocks", when, goLimit/MiB)
		}
	}
	check("at first")
	for m.grow(b, 3*MiB) {
		h.blocks += 4 * MiB
		b.look(nil, 0)
		check("blocks were allocated")
	}
	if got := m.bytes / MiB; got < 1024-64-128-20 || got > 1024-64-128 {
		t.Errorf("blocks grew to %d MiB", got)
	}
	m.bytes = 10 * MiB
	b.look(nil, 0)
	check("blocks were freed")
	if goLimit := h.limit - h.blocks; goLimit > floor+20*MiB {
		t.Errorf("the Go heap may have %d MiB beside the memory of freed blocks", goLimit/MiB)
	}
	if !m.grow(b, 700*MiB) {
		t.Error("freed memory is not used again")
	}
}

// TestBlocksTakeMostOfTheBudget: wherever the memory of blocks comes from, an Allocator can have
// more than half of the budget.
func TestBlocksTakeMostOfTheBudget(t *testing.T) {
	const limit, size = 256 * MiB, 2 * MiB
	runtime.GC()
	b, err := Start(Options{Limit: limit, Floor: 32 * MiB, Reserve: 8 * MiB})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	a, err := b.NewAllocator(alloc.Options{ProfileRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	var blocks []unsafe.Pointer
	for len(blocks)*size < limit {
		p, err := a.Malloc(size)
		if errors.Is(err, alloc.ErrLimit) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, p)
	}
	s := b.State()
	if got := len(blocks) * size; got < limit*6/10 || got > limit-40*MiB {
		t.Errorf("%d MiB of blocks fit into a budget of %d MiB: %+v", got/MiB, limit/MiB, s)
	}
	if s.OffHeap+s.GoHeap > limit {
		t.Errorf("the budget is exceeded: %+v", s)
	}
	for _, p := range blocks {
		a.Free(p)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
