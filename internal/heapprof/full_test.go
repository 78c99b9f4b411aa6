// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// most is what a full table may take: what table.go says, and the classes of the blocks
// of metadata that its parts are in.
const most = 40 << 20

// TestFullOfRecords: a table takes so many samples and no more; what it does not take it
// counts, with all that it stands for; and what is removed makes room again.
func TestFullOfRecords(t *testing.T) {
	tab, pcs := open(t), here()
	before := metadata.InUse()
	for i := range uintptr(maxRecords) {
		if !tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 1}, pcs) {
			t.Fatalf("sample %d was not taken", i)
		}
	}
	for i := range uintptr(3) {
		if tab.Add(Sample{Addr: 1<<30 + 16*i, Size: 100, Weight: 2}, pcs) {
			t.Fatal("a full table took a sample")
		}
	}
	if tab.AddGrown(Sample{Addr: 1 << 31, Size: 1000, Kind: Large, Weight: 5}, 10, pcs) {
		t.Fatal("a full table took a sample")
	}
	u := tab.Usage()
	if want := (Dropped{Samples: 4, Objects: 6, Bytes: 650}); u.Dropped != want || u.Samples != maxRecords {
		t.Errorf("%+v, want %d samples, dropped %+v", u, maxRecords, want)
	}
	if took := int64(metadata.InUse() - before); u.Bytes > most || u.Bytes != took {
		t.Errorf("%d bytes are counted, %d were taken, at most %d should be", u.Bytes, took, most)
	}
	check(t, tab)
	for i := range uintptr(maxRecords) {
		if !tab.Remove(16 * (i + 1)) {
			t.Fatalf("sample %d was lost", i)
		}
	}
	if !tab.Add(Sample{Addr: 16, Size: 64, Weight: 1}, pcs) || tab.Usage().Samples != 1 {
		t.Error("what was removed has made no room")
	}
}

// TestFullOfStacks: so many stacks, or buckets, and no more; samples of those that there
// are go on being taken.
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
			t.Fatalf("stack %d was not taken", n)
		}
	}
	if add(maxStacks, 64) || !add(0, 64) {
		t.Error("full of stacks, a new one was taken, or an old one not")
	}
	sizes := uintptr(1)
	for ; addr/16 < 2*maxBuckets; sizes++ {
		for n := range uint(512) {
			add(n, 64+16*sizes)
		}
	}
	if u := tab.Usage(); u.Stacks != maxStacks || tab.stacks.nBuckets != maxBuckets || u.Dropped.Samples == 0 || u.Bytes > most {
		t.Errorf("%+v, %d buckets; want %d stacks, %d buckets, some dropped, at most %d bytes", u, tab.stacks.nBuckets, maxStacks, maxBuckets, most)
	}
	if add(5, 1<<16) || !add(5, 64) {
		t.Error("full of buckets, a new one was taken, or an old one not")
	}
}

// TestNoMemory: without memory samples are dropped and counted, at whatever point it
// ends; with memory the table goes on.
func TestNoMemory(t *testing.T) {
	tab, pcs := open(t), here()
	hoard := exhaust(t)
	for i := range uintptr(3) {
		if tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 2}, pcs) {
			t.Fatal("a sample was taken without memory")
		}
		hoard.give(i) // a table of heads, then one of stacks lately met, and no more
	}
	if d := tab.Usage().Dropped; d != (Dropped{3, 6, 384}) {
		t.Errorf("dropped %+v", d)
	}
	hoard.giveAll()
	if !tab.Add(Sample{Addr: 16, Size: 64, Weight: 2}, pcs) {
		t.Error("no sample is taken with memory")
	}
}

// TestClosed: a closed table takes nothing, and says so.
func TestClosed(t *testing.T) {
	tab, pcs := open(t), here()
	tab.Add(Sample{Addr: 16, Size: 64, Weight: 1}, pcs)
	tab.Close()
	if tab.Add(Sample{Addr: 32, Size: 64, Weight: 1}, pcs) || tab.Remove(16) || tab.Take(16) != 0 || len(lines(tab, 0)) != 0 {
		t.Error("a closed table holds samples")
	}
	if u := tab.Usage(); u.Samples != 0 || u.Stacks != 0 || u.Dropped.Samples != 1 {
		t.Errorf("%+v", u)
	}
}

// A hoard is all the metadata that there was.
type hoard struct{ slabs, heads []uintptr }

// exhaust takes all metadata until the test ends.
func exhaust(t *testing.T) *hoard {
	vm.Inject(func(vm.Op) error { return vm.ErrOutOfMemory })
	h := &hoard{}
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

// give gives the n-th table of heads back, if there is one.
func (h *hoard) give(n uintptr) {
	if n < uintptr(len(h.heads)) {
		metadata.Free(h.heads[0], headsSize)
		h.heads = h.heads[1:]
	}
}

func (h *hoard) giveAll() {
	vm.Inject(nil)
	for _, p := range h.heads {
		metadata.Free(p, headsSize)
	}
	for _, p := range h.slabs {
		metadata.Free(p, metadata.MaxSize)
	}
	*h = hoard{}
}
