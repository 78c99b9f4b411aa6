// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// exchange makes caches exchange empty magazines n times. Of eight times that the lock is taken,
// it is found taken as often as busy says.
func exchange(t *testing.T, d *Depot, c sizeclass.Class, n, busy int) {
	t.Helper()
	for i := range n {
		m, _, err := d.TakeEmpty(c, 0, Capacity(c))
		if err != nil {
			t.Fatal(err)
		}
		d.Put(c, m)
		for k := range 8 {
			d.count(c, k < busy)
		}
		if i%100 == 0 {
			if _, err := d.Check(c); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// roomOf returns the room of the magazine that the depot lends next.
func roomOf(t *testing.T, d *Depot, c sizeclass.Class, short bool) uint32 {
	t.Helper()
	want := Capacity(c)
	if short {
		want = ShortRoom(c)
	}
	m, _, err := d.TakeEmpty(c, 0, want)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Put(c, m)
	return magazineAt(m).room
}

// TestMagazinesGrow: magazines grow in a class for whose lock many processors compete, up to
// MaxRoom. If few compete, they grow up to magazineBytes. When the class is calm they shrink, and
// their memory comes back.
func TestMagazinesGrow(t *testing.T) {
	for _, size := range []int{16, 64, 1 << 10, 16 << 10, 128<<10 - 1} {
		c := sizeclass.Of(size)
		before := metadata.InUse()
		d := new(Depot)
		if exchange(t, d, c, window/16, 1); roomOf(t, d, c, false) != Capacity(c) {
			t.Errorf("%d bytes: magazines have grown to %d blocks at once", size, roomOf(t, d, c, false))
		}
		exchange(t, d, c, 4*window*busyWindows, 1)
		if got, most := roomOf(t, d, c, false), max(magazineBytes/c.Size(), int(Capacity(c))); int(got) > most || got < min(MaxRoom(c), uint32(most/2)) {
			t.Errorf("%d bytes: magazines of a busy class have room for %d blocks, want up to %d", size, got, most)
		}
		if exchange(t, d, c, 2*window, 4); roomOf(t, d, c, false) != MaxRoom(c) {
			t.Errorf("%d bytes: magazines have room for %d blocks, want %d", size, roomOf(t, d, c, false), MaxRoom(c))
		}
		if got := roomOf(t, d, c, true); got > Capacity(c) {
			t.Errorf("%d bytes: a short magazine has room for %d blocks", size, got)
		}
		d.Age(c, false, false) // notes that the class was busy
		if exchange(t, d, c, 1, 0); roomOf(t, d, c, false) != MaxRoom(c) {
			t.Errorf("%d bytes: magazines have room for %d blocks after a busy tick", size, roomOf(t, d, c, false))
		}
		for range maxGrown {
			d.Age(c, false, false)
		}
		if got := roomOf(t, d, c, false); got != Capacity(c) {
			t.Errorf("%d bytes: magazines have room for %d blocks after calm ticks, want %d", size, got, Capacity(c))
		}
		d.Age(c, false, false)
		if _, err := d.Check(c); err != nil {
			t.Error(err)
		}
		d.Close(c)
		if after := metadata.InUse(); after != before {
			t.Errorf("%d bytes: %d bytes of metadata stay", size, after-before)
		}
	}
}

// TestMagazinesGrowForBatches: magazines of a class that is busy with long batches grow until a batch
// fits into two of them.
func TestMagazinesGrowForBatches(t *testing.T) {
	c := sizeclass.Of(16 << 10)
	for length, want := range map[int]uint32{8: 4, 9: 8, 16: 8, 32: 16, 1000: 32} {
		d := new(Depot)
		for range 4 * maxGrown * window * busyWindows {
			d.TakeChain(c, length, length) // there are no spans
		}
		if got := roomOf(t, d, c, false); got != want {
			t.Errorf("batches of %d blocks: magazines have room for %d, want %d", length, got, want)
		}
		d.Age(c, false, false) // notes that the class was busy
		for range maxGrown {
			d.Age(c, false, false)
		}
		if got := roomOf(t, d, c, false); got != Capacity(c) {
			t.Errorf("batches of %d blocks: magazines have room for %d after calm ticks, want %d", length, got, Capacity(c))
		}
		d.Close(c)
	}
}

// putBlocks puts made-up blocks into the depot, in magazines of room blocks. A block has a state in
// states.
func putBlocks(t *testing.T, d *Depot, c sizeclass.Class, states []State, room uint32) {
	t.Helper()
	for first := 0; first < len(states); first += int(room) {
		m, _, err := d.TakeEmpty(c, 0, room)
		if err != nil {
			t.Fatal(err)
		}
		for i := first; i < min(first+int(room), len(states)); i++ {
			states[i] = Cached
			*slotOf(m, magazineAt(m).n) = slot{uintptr(i+1) * uintptr(c.Size()), raw.Addr(unsafe.Pointer(&states[i]))}
			magazineAt(m).n++
		}
		d.Put(c, m)
	}
}

// TestSmallMagazinesAreMerged: a cache that asks for blocks gets those of several small magazines in
// a larger one.
func TestSmallMagazinesAreMerged(t *testing.T) {
	c := sizeclass.Of(16 << 10)
	d := new(Depot)
	defer d.Close(c)
	idle := make([]State, 10)
	putBlocks(t, d, c, idle, Capacity(c))
	d.grown.Store(1)
	seen := map[uintptr]bool{}
	for _, want := range []uint32{6, 4} {
		m, err := d.TakeFull(c, 0, Capacity(c))
		if err != nil || magazineAt(m).n != want || magazineAt(m).room != 2*Capacity(c) {
			t.Fatalf("a magazine of %d blocks with room for %d, %v; want %d, %d", magazineAt(m).n, magazineAt(m).room, err, want, 2*Capacity(c))
		}
		for i := range want {
			seen[slotOf(m, i).addr] = true
		}
		magazineAt(m).n = 0
		defer freeMagazine(m)
	}
	if len(seen) != len(idle) || d.full.count != 0 || d.full.blocks != 0 {
		t.Errorf("%d different blocks, and %d magazines with %d blocks remain", len(seen), d.full.count, d.full.blocks)
	}
}

// TestGrownMagazineIsReplaced: an empty magazine that is too small is replaced, and a larger one
// is lent with the room that the class has.
func TestGrownMagazineIsReplaced(t *testing.T) {
	c := sizeclass.Of(64)
	d := new(Depot)
	defer d.Close(c)
	small, _, err := d.TakeEmpty(c, 0, Capacity(c))
	if err != nil {
		t.Fatal(err)
	}
	d.grown.Store(1)
	d.Put(c, small)
	if got := roomOf(t, d, c, false); got != 2*Capacity(c) {
		t.Errorf("a magazine of a class that has grown has room for %d blocks, want %d", got, 2*Capacity(c))
	}
	d.grown.Store(0)
	if got := roomOf(t, d, c, false); got != Capacity(c) {
		t.Errorf("a magazine of a class that has shrunk has room for %d blocks, want %d", got, Capacity(c))
	}
	if d.empty.count != 1 {
		t.Errorf("the depot has %d magazines, want 1", d.empty.count)
	}
}

// TestSmallMagazinesLeave: a class cache that gets a large magazine gives up the smaller one of the two
// that it has, and otherwise the previous one.
func TestSmallMagazinesLeave(t *testing.T) {
	const small, large = 4, 16
	for _, rooms := range [][4]uint32{ // of the previous, the loaded, the new one, and the one that is given up
		{small, large, large, small}, {large, small, large, small}, {small, small, large, small},
		{large, small, small, large}, {large, large, small, large},
	} {
		r := EmptyClassCache()
		var m [3]uintptr
		for i := range m {
			var err error
			if m[i], err = newMagazine(rooms[i]); err != nil {
				t.Fatal(err)
			}
		}
		r.Refill(m[0])
		r.Refill(m[1])
		out := r.GiveUp(rooms[2])
		if rest := r.exchange(m[2]); rest != 0 {
			t.Errorf("rooms %v: a class cache with room for another magazine gives up one", rooms)
		}
		if got := magazineAt(out).room; got != rooms[3] {
			t.Errorf("rooms %v: a magazine with room for %d blocks is given up", rooms, got)
		}
		loaded, previous, _, _ := r.Unload()
		if loaded != m[2] || out != m[0] && out != m[1] || previous != m[0]+m[1]-out {
			t.Errorf("rooms %v: the magazines are not those that came", rooms)
		}
		for _, m := range m {
			freeMagazine(m)
		}
	}
}

// TestClosedDepotKeepsNothing: a magazine that comes to a closed depot is freed.
func TestClosedDepotKeepsNothing(t *testing.T) {
	c := sizeclass.Of(64)
	d := new(Depot)
	d.Close(c)
	before := metadata.InUse()
	for range 2 {
		m, err := newMagazine(Capacity(c))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = d.TakeFull(c, m, Capacity(c)); !errors.Is(err, vm.ErrClosed) {
			t.Errorf("TakeFull: %v", err)
		}
	}
	if after := metadata.InUse(); after != before {
		t.Errorf("a closed depot keeps %d bytes", after-before)
	}
}
