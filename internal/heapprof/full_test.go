// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// limit is the maximum size of a full table in bytes: the bounds of table.go, rounded up
// to the size classes of package metadata.
const limit = 40 << 20

// TestFullOfRecords: a table keeps at most maxRecords samples. It counts the samples that
// it drops with all that they stand for. Removing samples makes room again.
func TestFullOfRecords(t *testing.T) {
	tab, pcs := open(t), here()
	before := metadata.InUse()
	for i := range uintptr(maxRecords) {
		if !tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 1}, pcs) {
			t.Fatalf("sample %d was dropped", i)
		}
	}
	for i := range uintptr(3) {
		if tab.Add(Sample{Addr: 1<<30 + 16*i, Size: 100, Weight: 2}, pcs) {
			t.Fatal("a full table kept a sample")
		}
	}
	if tab.AddGrown(Sample{Addr: 1 << 31, Size: 1000, Kind: Large, Weight: 5}, 10, pcs) {
		t.Fatal("a full table kept a sample")
	}
	u := tab.Usage()
	if want := (Dropped{Samples: 4, Objects: 6, Bytes: 650}); u.Dropped != want || u.Samples != maxRecords {
		t.Errorf("%+v, want %d samples, dropped %+v", u, maxRecords, want)
	}
	if took := int64(metadata.InUse() - before); u.Bytes > limit || u.Bytes != took {
		t.Errorf("%d bytes are counted, %d are in use, want at most %d", u.Bytes, took, limit)
	}
	check(t, tab)
	for i := range uintptr(maxRecords) {
		if !tab.Remove(16 * (i + 1)) {
			t.Fatalf("sample %d was lost", i)
		}
	}
	if !tab.Add(Sample{Addr: 16, Size: 64, Weight: 1}, pcs) || tab.Usage().Samples != 1 {
		t.Error("removing a sample made no room")
	}
}

// TestFullOfStacks: a table keeps at most maxStacks stacks and maxBuckets buckets.
// Samples of stacks that it has are still kept.
func TestFullOfStacks(t *testing.T) {
	tab := open(t)
	var stacks [maxStacks + 1][]uintptr
	for n := range stacks {
		stacks[n] = path(uint(n), 14)
	}
	addr := uintptr(0)
	add := func(stack uint, size uintptr) bool {
		addr += 16
		return tab.Add(Sample{Addr: addr, Size: size, Weight: 1}, stacks[stack])
	}
	for n := range uint(maxStacks) {
		if !add(n, 64) {
			t.Fatalf("stack %d was dropped", n)
		}
	}
	if add(maxStacks, 64) || !add(0, 64) {
		t.Error("the table is full of stacks: it kept a sample of a new one, or dropped one of an old one")
	}
	sizes := uintptr(1)
	for ; addr/16 < 2*maxBuckets; sizes++ {
		for n := range uint(512) {
			add(n, 64+16*sizes)
		}
	}
	if u := tab.Usage(); u.Stacks != maxStacks || tab.stacks.nBuckets != maxBuckets || u.Dropped.Samples == 0 || u.Bytes > limit {
		t.Errorf("%+v, %d buckets; want %d stacks, %d buckets, some dropped, at most %d bytes", u, tab.stacks.nBuckets, maxStacks, maxBuckets, limit)
	}
	if add(5, 1<<16) || !add(5, 64) {
		t.Error("the table is full of buckets: it kept a sample of a new one, or dropped one of an old one")
	}
}

// TestNoMemory: if memory runs out, at any point, samples are dropped and counted. When
// there is memory again, the table keeps samples.
func TestNoMemory(t *testing.T) {
	tab, pcs := open(t), here()
	reserve := exhaust(t)
	for i := range uintptr(3) {
		if tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 2}, pcs) {
			t.Fatal("a sample was kept without memory")
		}
		reserve.give(i) // first for a table of heads, then for one of recent stacks, and no more
	}
	if d := tab.Usage().Dropped; d != (Dropped{3, 6, 384}) {
		t.Errorf("dropped %+v", d)
	}
	reserve.giveAll()
	if !tab.Add(Sample{Addr: 16, Size: 64, Weight: 2}, pcs) {
		t.Error("no sample is kept although there is memory")
	}
}

// TestClosed: a closed table keeps no samples and reports them as dropped.
func TestClosed(t *testing.T) {
	tab, pcs := open(t), here()
	tab.Add(Sample{Addr: 16, Size: 64, Weight: 1}, pcs)
	tab.Close()
	if tab.Add(Sample{Addr: 32, Size: 64, Weight: 1}, pcs) || tab.Remove(16) || tab.Detach(16) != 0 || len(lines(tab, 0)) != 0 {
		t.Error("a closed table contains samples")
	}
	if u := tab.Usage(); u.Samples != 0 || u.Stacks != 0 || u.Dropped.Samples != 1 {
		t.Errorf("%+v", u)
	}
}

// A reserve is all metadata that was available.
type reserve struct{ slabs, heads []uintptr }

// exhaust allocates all metadata until the test ends.
func exhaust(t *testing.T) *reserve {
	vm.Inject(func(vm.Op) error { return vm.ErrOutOfMemory })
	h := &reserve{}
	take := func(list *[]uintptr, size uintptr) {
		for {
			p, err := metadata.Alloc(size)
			if err != nil {
				return
			}
			*list = append(*list, p)
		}
	}
	take(&h.slabs, metadata.MaxSize)
	take(&h.heads, headsSize)
	t.Cleanup(h.giveAll)
	return h
}

// give frees the n-th table of heads, if there is one.
func (h *reserve) give(n uintptr) {
	if n < uintptr(len(h.heads)) {
		metadata.Free(h.heads[0], headsSize)
		h.heads = h.heads[1:]
	}
}

func (h *reserve) giveAll() {
	vm.Inject(nil)
	for _, p := range h.heads {
		metadata.Free(p, headsSize)
	}
	for _, p := range h.slabs {
		metadata.Free(p, metadata.MaxSize)
	}
	*h = reserve{}
}
