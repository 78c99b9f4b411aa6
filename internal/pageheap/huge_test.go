// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// newHuge returns a heap that uses huge pages. It skips the test if a chunk has fewer blocks.
func newHuge(t *testing.T, u Huge, blocks int) *fixture {
	t.Helper()
	vm.Require(t, vm.HugePages)
	f := newFixture(t)
	f.UseHuge(u)
	if f.block == 0 {
		t.Skip("the kernel has no huge pages that fit in a chunk")
	}
	if blocks*f.block > chunkPages {
		t.Skipf("a chunk has fewer than %d blocks", blocks)
	}
	return f
}

// ticks lets n ticks pass.
func (f *fixture) ticks(n int) {
	f.Helper()
	for range n {
		f.purge(false)
	}
}

// hugeBytes returns how many bytes the kernel may back with huge pages.
func (f *fixture) hugeBytes() int64 { return f.Stats().Huge }

// TestHugeAllChargesBlocks: a huge page is charged whole as soon as a page of it is used. Further
// runs in it cost nothing, and it goes back whole.
func TestHugeAllChargesBlocks(t *testing.T) {
	f := newHuge(t, HugeAll, 2)
	a := f.dirtied(1)
	f.expect("one page", 1, 1, f.block-1)
	b := f.dirtied(f.block - 1)
	f.expect("the rest of the block", 1, f.block, 0)
	c := f.dirtied(3)
	f.expect("three more", 1, f.block+3, f.block-3)
	if got := f.hugeBytes(); got != 2*int64(f.block)*pageSize {
		t.Errorf("%d bytes may be in huge pages", got)
	}
	f.Free(b, f.block-1)
	f.ticks(4)
	f.expect("a part of a block", 1, 4, 2*f.block-4)
	f.Free(a, 1)
	f.ticks(2)
	f.expect("a whole block", 1, 3, f.block-3)
	f.Free(c, 3)
}

// TestHugeFullestFirst: runs come from the block with the most used pages.
func TestHugeFullestFirst(t *testing.T) {
	f := newHuge(t, HugeAll, 4)
	runs := make([]uintptr, 3*f.block/8)
	for i := range runs {
		runs[i] = f.dirtied(8)
	}
	block := func(addr uintptr) int { return int(addr-f.Layout0()) / pageSize / f.block }
	var counts [3]int
	for i, addr := range runs {
		// Of the first block an eighth stays, of the second seven eighths, of the third a half.
		if keep := []int{1, 7, 4}[block(addr)]; i%8 >= keep {
			f.Free(addr, 8)
			continue
		}
		counts[block(addr)]++
	}
	for counts[1] < f.block/8 {
		if b := block(f.dirtied(8)); b != 1 {
			t.Fatalf("a run comes from block %d, while the blocks have %v runs", b, counts)
		}
		counts[1]++
	}
	if b := block(f.dirtied(8)); b != 2 {
		t.Errorf("a run comes from block %d, while the blocks have %v runs", b, counts)
	}
}

// Layout0 returns the address of the first chunk.
func (f *fixture) Layout0() (start uintptr) {
	f.Layouts(func(l *Layout) bool { start = l.Start; return false })
	return start
}

// TestHugeSparse: a sparse chunk loses its huge pages with time, and then gives its free pages
// back. At Purge(true) it does so at once. When it is empty it gets them again.
func TestHugeSparse(t *testing.T) {
	for _, all := range []bool{false, true} {
		f := newHuge(t, HugeAll, 8)
		var kept, freed []uintptr
		for i := range 8 * f.block / 8 {
			if addr := f.dirtied(8); i%4 == 0 {
				kept = append(kept, addr)
			} else {
				freed = append(freed, addr)
			}
		}
		for _, addr := range freed {
			f.Free(addr, 8)
		}
		f.ticks(breakTicks - 1)
		f.expect("not yet", 1, 8*len(kept), 8*len(freed))
		if all {
			f.purge(true)
		} else {
			f.ticks(2)
		}
		f.expect("sparse", 1, 8*len(kept), 0)
		if f.hugeBytes() != 0 {
			t.Errorf("%d bytes may be in huge pages", f.hugeBytes())
		}
		a := f.dirtied(1)
		f.expect("a page of a chunk of small pages", 1, 8*len(kept)+1, 0)
		f.Free(a, 1)
		for _, addr := range kept {
			f.Free(addr, 8)
		}
		f.ticks(3)
		f.dirtied(1)
		f.expect("used again", 1, 1, f.block-1)
	}
}

// TestHugeDense: a chunk that is dense for some time gets huge pages. Its clean pages are charged,
// and the contents stay.
func TestHugeDense(t *testing.T) {
	f := newHuge(t, HugeDense, 4)
	a := f.dirtied(2*f.block - f.block/32)
	b := f.dirtied(1)
	f.ticks(joinTicks - 1)
	f.expect("not yet", 1, 2*f.block-f.block/32+1, 0)
	if !f.MaySettle() {
		t.Error("nothing is left for later ticks")
	}
	f.ticks(1)
	f.expect("dense", 1, 2*f.block-f.block/32+1, f.block/32-1)
	if got := f.hugeBytes(); got != 2*int64(f.block)*pageSize {
		t.Errorf("%d bytes may be in huge pages", got)
	}
	for i := range uintptr(2*f.block - f.block/32) {
		if *raw.At[byte](a + i*pageSize) != 0xee {
			t.Fatal("the contents changed")
		}
	}
	if f.MaySettle() {
		t.Error("a chunk that stays as it is keeps the ticks going")
	}
	f.Free(b, 1)
}

// TestHugeNeverSparse: a chunk that is not dense gets no huge pages, however old it is. That
// includes chunks whose runs are half given back.
func TestHugeNeverSparse(t *testing.T) {
	f := newHuge(t, HugeDense, 2)
	a, _ := f.dirtied(f.block/2), f.dirtied(f.block/4)
	f.ticks(3 * joinTicks)
	f.expect("three quarters of a block", 1, f.block/2+f.block/4, 0)
	f.dirtied(f.block / 4)
	f.ticks(joinTicks / 2)
	if err := f.PurgeInside(a, uintptr(f.block/4)*pageSize); err != nil {
		t.Fatal(err)
	}
	f.verify()
	f.ticks(3 * joinTicks)
	if f.hugeBytes() != 0 {
		t.Errorf("%d bytes may be in huge pages", f.hugeBytes())
	}
}

// TestHugeKept: what is given back inside runs stays charged while the chunk uses huge pages, and
// goes when it becomes sparse, except for what was taken again.
func TestHugeKept(t *testing.T) {
	f := newHuge(t, HugeAll, 8)
	page := int64(vm.PageSize())
	const shift = 13 // of a page of 8 KiB
	if page > pageSize {
		t.Skip("written for pages up to 8 KiB")
	}
	n := 4 * f.block
	a := f.dirtied(n)
	half := uintptr(n/2) * pageSize
	before := f.space.Footprint.Now()
	if err := f.PurgeInside(a, half); err != nil {
		t.Fatal(err)
	}
	if got := f.space.Footprint.Now(); got != before || f.Stats().Kept != int64(half) {
		t.Errorf("%d bytes are charged, %d before; %+v", got, before, f.Stats())
	}
	if err := f.UseInside(a, shift, 3); err != nil {
		t.Fatal(err)
	}
	*raw.At[byte](a) = 0x77
	f.verify()
	f.ticks(breakTicks)
	if got, want := f.space.Footprint.Now(), before-int64(half)+2*pageSize; got != want || f.Stats().Kept != 0 {
		t.Errorf("%d bytes are charged, want %d; %+v", got, want, f.Stats())
	}
	if *raw.At[byte](a) != 0x77 || *raw.At[byte](a + 2*pageSize) != 0 || *raw.At[byte](a + half) != 0xee {
		t.Error("pages in use changed, or others are still there")
	}
	if err := f.UseInside(a, shift, 1<<5); err != nil {
		t.Fatal(err)
	}
	if got, want := f.space.Footprint.Now(), before-int64(half)+3*pageSize; got != want {
		t.Errorf("%d bytes are charged after one more page is used, want %d", got, want)
	}
	f.Free(a, n)
	f.expect("freed", 1, 0, 0)
}

// TestHugeLimit: where the limit leaves no room for a huge page, the chunk uses small ones, and
// every page up to the limit can be used.
func TestHugeLimit(t *testing.T) {
	for _, before := range []int{0, 1} { // blocks that fit
		f := newHuge(t, HugeAll, 2)
		n := before*f.block + f.block/2
		f.space.SetLimit(int64(n) * pageSize)
		for range n {
			f.dirtied(1)
		}
		f.expect("full", 1, n, 0)
		if _, _, err := f.Alloc(1); !errors.Is(err, vm.ErrLimit) {
			t.Errorf("a page beyond the limit: %v", err)
		}
	}
}

// TestHugeRefused: if the kernel refuses huge pages, small ones are used, and the refusal can be
// read.
func TestHugeRefused(t *testing.T) {
	for _, u := range []Huge{HugeDense, HugeAll} {
		f := newHuge(t, u, 2)
		stop := f.fail(vm.OpAdvise, nil)
		a := f.dirtied(f.block)
		f.ticks(2 * joinTicks)
		stop()
		f.expect("after the refusal", 1, f.block, 0)
		if !errors.Is(f.HugeRefusal(), errInjected) || f.hugeBytes() != 0 {
			t.Errorf("%v, %d bytes may be in huge pages", f.HugeRefusal(), f.hugeBytes())
		}
		f.Free(a, f.block)
	}
}

// TestHugeBreakRefused: if the kernel refuses to go back to small pages, the chunk keeps its huge
// pages, and what it may fill stays charged. A later tick tries again.
func TestHugeBreakRefused(t *testing.T) {
	f := newHuge(t, HugeAll, 8)
	a := f.dirtied(4 * f.block)
	f.dirtied(1)
	for i := range 4 {
		if err := f.PurgeInside(a+uintptr(i*f.block)*pageSize, uintptr(f.block-f.per)*pageSize); err != nil {
			t.Fatal(err)
		}
	}
	stop := f.fail(vm.OpAdvise, nil)
	_, err := f.Purge(true)
	stop()
	f.expect("after the refusal", 1, 4*f.block+1, f.block-1)
	if !errors.Is(err, errInjected) || f.Stats().Kept == 0 {
		t.Errorf("%v, %+v", err, f.Stats())
	}
	f.purge(true)
	if f.Stats().Kept != 0 || f.hugeBytes() != 0 {
		t.Errorf("when it has passed: %+v", f.Stats())
	}
}

// TestHugeModel is TestModel with huge pages, and with pages inside runs that are given back.
func TestHugeModel(t *testing.T) {
	for _, u := range []Huge{HugeDense, HugeAll} {
		m := &model{fixture: newHuge(t, u, 2), rand: rand.New(rand.NewPCG(5, uint64(u))), tag: 1}
		long := m.dirtied(MaxRun)
		m.ticks(joinTicks)
		if m.hugeBytes() == 0 {
			t.Errorf("a full half of a chunk got no huge pages: %+v", m.Stats())
		}
		for i := range 4000 {
			if i == 2000 { // what is left is sparse
				m.Heap.Free(long, MaxRun)
			}
			m.step()
			if i%40 == 0 {
				m.purge(i%1000 == 0)
			}
			if i%10 == 0 {
				m.inside()
			}
		}
		if s := m.Stats(); s.Huge > int64(s.Chunks*m.block)*pageSize { // a block is too little to be sparse
			t.Errorf("a sparse chunk keeps its huge pages: %+v", s)
		}
	}
}
