// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// TestDepotJoinsAndDivides: a cache that asks for many blocks gets those of many small magazines at
// once, and a cache that asks for few leaves the others for whoever comes next.
func TestDepotJoinsAndDivides(t *testing.T) {
	c := sizeclass.Of(1 << 10)
	d := new(Depot)
	defer d.Close(c)
	states := make([]State, 40)
	putBlocks(t, d, c, states, 3)
	seen := map[uintptr]bool{}
	for _, want := range []uint32{1, 4, 32, 32} {
		m, err := d.TakeFull(c, 0, want)
		if err != nil {
			t.Fatal(err)
		}
		if got := magazineAt(m).n; got > want || len(seen) < 30 && got < min(want, 24) {
			t.Errorf("a magazine of %d blocks, want about %d", got, want)
		}
		for i := range magazineAt(m).n {
			seen[slotOf(m, i).addr] = true
		}
		magazineAt(m).n = 0
		d.Put(c, m)
	}
	if len(seen) != len(states) || d.full.count != 0 || d.full.blocks != 0 {
		t.Errorf("%d different blocks, and %d magazines with %d blocks remain", len(seen), d.full.count, d.full.blocks)
	}
}

// TestNextRoom: the magazines of a class cache begin small and become as large as they get.
func TestNextRoom(t *testing.T) {
	for _, size := range []int{64, 1 << 10, 60 << 10} {
		c := sizeclass.Of(size)
		d := new(Depot)
		r := EmptyClassCache()
		if got := r.NextRoom(c) * uint32(c.Size()); got > max(startBytes, uint32(c.Size())) {
			t.Errorf("%d bytes: the first magazine has room for %d", size, got)
		}
		for range 8 {
			m, _, err := d.TakeEmpty(c, 0, r.NextRoom(c))
			if err != nil {
				t.Fatal(err)
			}
			if m = r.exchange(m); m != 0 {
				d.Put(c, m)
			}
		}
		if got := r.NextRoom(c); got != Capacity(c) {
			t.Errorf("%d bytes: the ninth magazine has room for %d blocks, want %d", size, got, Capacity(c))
		}
		previous, more := r.UnloadPrevious()
		loaded, none := r.UnloadPrevious()
		if previous == 0 || !more || loaded == 0 || none || r.hasMagazines() {
			t.Errorf("%d bytes: the class cache gave up magazines %#x and %#x", size, previous, loaded)
		}
		d.Put(c, previous)
		d.Put(c, loaded)
		d.Close(c)
	}
}
