// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// spansOf returns n spans of class c, whose blocks the test must not touch.
func spansOf(t testing.TB, c sizeclass.Class, n int) (spans []uintptr) {
	t.Helper()
	size := uintptr(c.SpanBytes())
	memory := make([]byte, uintptr(n)*size+sizeclass.PageSize)
	base := raw.AlignUp(raw.Addr(unsafe.Pointer(unsafe.SliceData(memory))), sizeclass.PageSize)
	for i := range uintptr(n) {
		if err := pagemap.Reserve(base+i*size, size); err != nil {
			t.Fatal(err)
		}
		s, err := NewSpan(1, c, base+i*size, i%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		spans = append(spans, s)
	}
	t.Cleanup(func() { memory[0] = 0 }) // keeps the memory until here
	return spans
}

// TestCarve: blocks go from spans to magazines and back, in any number and order. Each idle block is in
// its span or in one magazine, and keeps the mark of used memory. A block in two slots, which a double
// free at the same moment leaves, comes back once.
func TestCarve(t *testing.T) {
	for _, size := range []int{8, 16, 48, 72, 1 << 10, 9 << 10, 100 << 10} {
		c := sizeclass.Of(size)
		spans := spansOf(t, c, 3)
		d := new(Depot)
		for _, s := range spans {
			d.insert(s)
			d.idle += c.Blocks()
			d.spans++
		}
		random := rand.New(rand.NewPCG(uint64(size), 1))
		for range 50 {
			carveAndReturn(t, d, c, spans, random)
		}
		d.Close(c)
	}
}

// carveAndReturn carves some blocks of each span into a magazine each, and returns them in the magazines'
// order, or mixed.
func carveAndReturn(t *testing.T, d *Depot, c sizeclass.Class, spans []uintptr, random *rand.Rand) {
	var taken []slot
	for round := range 4 {
		for i, s := range spans {
			m, err := newMagazine(MaxRoom(c))
			if err != nil {
				t.Fatal(err)
			}
			idle := SpanAt(s).idle
			want := random.Uint32N(min(MaxRoom(c), uint32(c.Blocks())) + 1)
			carve(s, m, want, 0)
			d.carved(s, magazineAt(m).n)
			if n := magazineAt(m).n; n != min(want, idle) {
				t.Fatalf("%d of %d idle blocks were carved, want %d", n, idle, want)
			}
			for k := range magazineAt(m).n {
				at := *slotOf(m, k)
				if got := *raw.At[State](at.state); got&^Used != Cached || got&Used != State(i%2) {
					t.Fatalf("the state of a carved block is %#x", got)
				}
				if number := at.state - statesOf(s); at.addr != SpanAt(s).Base+number*uintptr(c.Size()) || pagemap.Get(at.addr) != s {
					t.Fatalf("block %d lies at %#x", number, at.addr)
				}
				taken = append(taken, at)
			}
			freeMagazine(m)
		}
		checkDepot(t, d, c)
		if round%2 == 0 {
			random.Shuffle(len(taken), func(i, j int) { taken[i], taken[j] = taken[j], taken[i] })
		}
		taken = giveBackSome(t, d, c, taken, random)
		checkDepot(t, d, c)
	}
	giveBackSome(t, d, c, taken, nil)
	checkDepot(t, d, c)
}

// giveBackSome returns some of the blocks to their spans, and some of those from two slots. It returns the
// blocks that are still taken. If random is nil, all blocks go back.
func giveBackSome(t *testing.T, d *Depot, c sizeclass.Class, taken []slot, random *rand.Rand) []slot {
	n := len(taken)
	if random != nil {
		n = random.IntN(n + 1)
	}
	for len(taken) > 0 && n > 0 {
		m, err := newMagazine(MaxRoom(c))
		if err != nil {
			t.Fatal(err)
		}
		for ; n > 0 && magazineAt(m).n < MaxRoom(c); n-- {
			*slotOf(m, magazineAt(m).n) = taken[n-1]
			magazineAt(m).n++
			if random != nil && random.IntN(8) == 0 && magazineAt(m).n < MaxRoom(c) {
				*slotOf(m, magazineAt(m).n) = taken[n-1]
				magazineAt(m).n++
			}
			taken[n-1] = taken[len(taken)-1]
			taken = taken[:len(taken)-1]
		}
		before, blocks := d.idle, distinct(m)
		var empty Spans
		d.uncarve(c, m, &empty)
		for s := empty.First(); s != 0; {
			next := Next(s)
			d.insert(s) // the test goes on with it
			d.idle += c.Blocks()
			d.spans++
			s = next
		}
		if d.idle != before+blocks {
			t.Fatalf("%d blocks came back and %d more are idle", blocks, d.idle-before)
		}
		freeMagazine(m)
	}
	return taken
}

// distinct returns the number of different blocks in magazine m.
func distinct(m uintptr) int {
	blocks := map[uintptr]bool{}
	for i := range magazineAt(m).n {
		blocks[slotOf(m, i).addr] = true
	}
	return len(blocks)
}

func checkDepot(t *testing.T, d *Depot, c sizeclass.Class) {
	t.Helper()
	if _, err := d.Check(c); err != nil {
		t.Fatal(err)
	}
}

// TestStaleSlot: a slot that names a block of one span and a state of another, as a double free at the same
// moment can leave it, is dropped.
func TestStaleSlot(t *testing.T) {
	c := sizeclass.Of(64)
	spans := spansOf(t, c, 2)
	d := new(Depot)
	var held [2]uintptr
	for i, s := range spans {
		held[i], _ = newMagazine(Capacity(c))
		var added Spans
		added.Fill(s, held[i])
		if err := d.AddSpans(added, held[i]); err != nil {
			t.Fatal(err)
		}
	}
	m, _ := newMagazine(Capacity(c))
	magazineAt(held[0]).n--
	*slotOf(m, 0) = *slotOf(held[0], magazineAt(held[0]).n)
	*slotOf(m, 1) = slot{slotOf(held[0], 0).addr, slotOf(held[1], 0).state}
	magazineAt(m).n = 2
	before := d.idle
	var empty Spans
	d.uncarve(c, m, &empty)
	if d.idle != before+1 || !IsCached(*raw.At[State](slotOf(held[1], 0).state)) {
		t.Errorf("%d blocks came back, want 1; the state of a block that did not is %#x", d.idle-before, *raw.At[State](slotOf(held[1], 0).state))
	}
	checkDepot(t, d, c)
}

// BenchmarkCarve carves blocks of 1 KiB into magazines and returns them to their spans. An operation is one
// block, for which a depot's lock is held for that time.
func BenchmarkCarve(b *testing.B) {
	const magazines = 20
	c, d := sizeclass.Of(1<<10), new(Depot)
	blocks := magazines * int(MaxRoom(c))
	held, _ := newMagazine(MaxRoom(c)) // has a block of each span, so that none becomes idle
	for _, s := range spansOf(b, c, blocks/(c.Blocks()-1)+1) {
		d.insert(s)
		d.idle += c.Blocks()
		d.spans++
		carve(s, held, 1, 0)
		d.carved(s, 1)
		magazineAt(held).n = 0
	}
	var all [magazines]uintptr
	for i := range all {
		m, err := newMagazine(MaxRoom(c))
		if err != nil {
			b.Fatal(err)
		}
		all[i] = m
	}
	var empty Spans
	for n := 0; n < b.N; n += blocks {
		for _, m := range all {
			for magazineAt(m).n < magazineAt(m).room {
				if err := d.carve(d.fullest(), m); err != nil {
					b.Fatal(err)
				}
			}
		}
		for _, m := range all {
			d.uncarve(c, m, &empty)
		}
	}
}
