// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// TestAddRemove: a line contains the sums of what its samples stand for. A removed sample
// is no longer live, but still counts as allocated.
func TestAddRemove(t *testing.T) {
	tab, pcs := open(t), here()
	for i := range uintptr(3) {
		if !tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 10}, pcs) {
			t.Fatal("there is no room")
		}
	}
	if !tab.Remove(32) || tab.Remove(32) || tab.Remove(160) {
		t.Error("Remove does not report whether there was a sample")
	}
	got := lines(tab, 0)
	if len(got) != 1 {
		t.Fatalf("%d lines, want 1", len(got))
	}
	l := got[0]
	if l.AllocObjects != 30 || l.AllocBytes != 1920 || l.LiveObjects != 20 || l.LiveBytes != 1280 || l.Size != 64 || l.Kind != Small {
		t.Errorf("%+v", l)
	}
	if u := tab.Usage(); u.Samples != 2 || u.Stacks != 1 || u.Dropped != (Dropped{}) {
		t.Errorf("usage %+v", u)
	}
}

// TestLinesApart: each stack, size and kind has its own line. The sizes of large objects
// make no lines.
func TestLinesApart(t *testing.T) {
	tab := open(t)
	one, other := here(), path(0, 1)
	for i, s := range []struct {
		size uintptr
		kind Kind
		pcs  []uintptr
	}{
		{64, Small, one}, {64, Small, one}, {128, Small, one}, {64, Small, other},
		{1 << 20, Large, one}, {2 << 20, Large, one}, {1 << 20, Arena, one},
	} {
		tab.Add(Sample{Addr: uintptr(i+1) << 12, Size: s.size, Kind: s.kind, Weight: 1}, s.pcs)
	}
	type key struct {
		size  int
		kind  Kind
		stack int // the depth of the stack
	}
	want := map[key]float64{
		{64, Small, len(one)}: 2, {128, Small, len(one)}: 1, {64, Small, len(other)}: 1,
		{0, Large, len(one)}: 2, {0, Arena, len(one)}: 1,
	}
	got := lines(tab, 0)
	for _, l := range got {
		if k := (key{l.Size, l.Kind, len(l.PCs)}); l.LiveObjects != want[k] {
			t.Errorf("%+v: %v objects, want %v", k, l.LiveObjects, want[k])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
	}
}

// TestWeights: each block is kept with its own probability p and has the weight 1/p. The
// sums agree with the truth to within three standard errors. With equal weights they
// would be wrong by a third.
func TestWeights(t *testing.T) {
	tab, pcs := open(t), here()
	random := rand.New(rand.NewPCG(1, 0))
	const n = 40_000
	variance := 0.0
	for i := range uintptr(n) {
		p := []float64{0.5, 0.1}[i%2]
		if random.Float64() < p {
			tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 1 / p}, pcs)
		}
		variance += (1 - p) / p
	}
	l := lines(tab, 0)[0]
	if off := l.LiveObjects - n; off*off > 9*variance {
		t.Errorf("%v objects, want %d; the standard error is the root of %v", l.LiveObjects, n, variance)
	}
	if !near(l.LiveBytes, 64*l.LiveObjects) || l.AllocObjects != l.LiveObjects {
		t.Errorf("%+v", l)
	}
}

// TestDetached: a block that moves, grows and shrinks stays one block. Its growth counts
// as allocated. It counts as live while its record is detached.
func TestDetached(t *testing.T) {
	tab, pcs := open(t), here()
	tab.Add(Sample{Addr: 1 << 20, Size: 1000, Kind: Large, Weight: 4}, pcs)
	if h := tab.Detach(2 << 20); h != 0 {
		t.Fatal("Detach found a sample where there is none")
	}
	at := uintptr(1 << 20)
	for _, c := range []struct {
		size        uintptr
		weight      float64
		alloc, live float64 // bytes
	}{
		{3000, 2, 4000 + 2*2000, 2 * 3000},
		{500, 8, 4000 + 2*2000, 8 * 500},
		{500, 8, 4000 + 2*2000, 8 * 500},
	} {
		h := tab.Detach(at)
		if size, _ := tab.Size(h); h == 0 || size == 0 {
			t.Fatalf("Detach found no record at %#x", at)
		}
		if l := lines(tab, 0)[0]; l.LiveObjects == 0 {
			t.Error("a detached record does not count")
		}
		if tab.Remove(at) {
			t.Error("Remove removed a detached record")
		}
		at += 1 << 20
		tab.Attach(h, Sample{Addr: at, Size: c.size, Weight: c.weight})
		if size, weight := tab.Size(h); size != c.size || weight != c.weight {
			t.Errorf("size %d, weight %v; want %d, %v", size, weight, c.size, c.weight)
		}
		if l := lines(tab, 0)[0]; l.AllocObjects != 4 || l.AllocBytes != c.alloc || l.LiveBytes != c.live {
			t.Errorf("%+v: want %v bytes allocated, %v live", l, c.alloc, c.live)
		}
	}
	tab.AddGrown(Sample{Addr: 1 << 30, Size: 100, Kind: Large, Weight: 3}, 60, pcs)
	if l := lines(tab, 0)[0]; l.AllocObjects != 4 || l.AllocBytes != 8000+180 || l.LiveObjects != 11 {
		t.Errorf("after another block has grown: %+v", l)
	}
}

// TestSince: only blocks sampled after a number count as live, whatever their addresses.
// Extra is summed with the weights.
func TestSince(t *testing.T) {
	tab, pcs := open(t), here()
	tab.Add(Sample{Addr: 16, Size: 64, Weight: 2}, pcs)
	tab.Add(Sample{Addr: 32, Size: 64, Weight: 2}, pcs)
	since := tab.Seq()
	tab.Remove(16)
	tab.Add(Sample{Addr: 16, Size: 64, Weight: 3}, pcs)
	tab.Add(Sample{Addr: 48, Size: 64, Weight: 4}, pcs)
	l := tab.Lines(since, func(addr uintptr) float64 { return float64(addr) })[0]
	if l.LiveObjects != 7 || l.LiveBytes != 7*64 || l.Extra != 3*16+2*32+4*48 {
		t.Errorf("%+v", l)
	}
	if since != 2 || tab.Seq() != 4 {
		t.Errorf("numbers %d and %d, want 2 and 4", since, tab.Seq())
	}
	if l := lines(tab, 0)[0]; l.LiveObjects != 9 {
		t.Errorf("in all %v objects are live, want 9", l.LiveObjects)
	}
	for _, l := range tab.Lines(tab.Seq(), nil) {
		if l.LiveObjects != 0 {
			t.Errorf("%v objects are live since now", l.LiveObjects)
		}
	}
}

// TestPeak: the peak shows, line by line, a moment at which at least 16/17 of the maximum
// was live. Changes below the peak do not affect it.
func TestPeak(t *testing.T) {
	tab := open(t)
	one, other := here(), path(0, 1)
	for i := range uintptr(100) {
		tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 1}, one)
	}
	tab.Add(Sample{Addr: 1 << 20, Size: 64, Weight: 100}, other) // now 200 blocks are live
	for i := range uintptr(90) {
		tab.Remove(16 * (i + 1))
	}
	for range 3 { // up and down below the peak
		tab.Add(Sample{Addr: 2 << 20, Size: 64, Weight: 50}, one)
		tab.Remove(2 << 20)
	}
	sum := 0.0
	for _, l := range lines(tab, 0) {
		sum += l.PeakObjects
		if want := 64 * l.PeakObjects; l.PeakBytes != want || l.PeakObjects != 100 {
			t.Errorf("at the peak %v objects of %v bytes, want 100 of %v", l.PeakObjects, l.PeakBytes, want)
		}
	}
	if sum != 200 {
		t.Errorf("at the peak there are %v objects, want 200", sum)
	}
}

// TestConcurrent: many goroutines add and remove samples while others read. If two
// goroutines remove the same sample, exactly one succeeds. In the end nothing is left.
func TestConcurrent(t *testing.T) {
	tab := open(t)
	const goroutines, rounds = 8, 2000
	var workers, readers sync.WaitGroup
	done := make(chan struct{})
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				tab.Lines(0, func(uintptr) float64 { return 1 })
				tab.Usage()
			}
		}
	})
	var removed [goroutines]int
	for g := range uintptr(goroutines) {
		workers.Go(func() {
			pcs := path(uint(g), 3)
			pair := g / 2 // two goroutines share the addresses
			for i := range uintptr(rounds) {
				addr := (pair*rounds + i + 1) << 4
				if g%2 == 0 {
					tab.Add(Sample{Addr: addr, Size: 16 << (i % 4), Weight: 1}, pcs)
				}
				if tab.Remove(addr) {
					removed[g]++
				}
				if h := tab.Detach(addr); h != 0 {
					tab.Attach(h, Sample{Addr: addr, Size: 8, Weight: 2})
				}
			}
		})
	}
	workers.Wait()
	close(done)
	readers.Wait()
	check(t, tab)
	left := 0
	for pair := range uintptr(goroutines / 2) {
		for i := range uintptr(rounds) {
			if tab.Remove((pair*rounds + i + 1) << 4) {
				left++
			}
		}
	}
	sum := left
	for _, n := range removed {
		sum += n
	}
	if sum != goroutines/2*rounds || tab.Usage().Samples != 0 {
		t.Errorf("%d samples were removed, want %d; %d are left", sum, goroutines/2*rounds, tab.Usage().Samples)
	}
	for _, l := range lines(tab, 0) {
		if l.LiveObjects != 0 || l.LiveBytes != 0 {
			t.Errorf("%v objects, %v bytes are live at the end", l.LiveObjects, l.LiveBytes)
		}
	}
}
