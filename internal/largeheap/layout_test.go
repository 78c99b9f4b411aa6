// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

func TestSizes(t *testing.T) {
	if objectSize > 192 {
		t.Errorf("a descriptor has %d bytes, more than three cache lines", objectSize)
	}
	var o object
	if at := unsafe.Offsetof(o.mapping); at > 128 {
		t.Errorf("the descriptor's fields that every call reads end at byte %d, not with the second cache line", at)
	}
}

func TestShapeOfImpossibleRequests(t *testing.T) {
	for _, c := range []struct {
		name        string
		size, align uintptr
		ok          bool
	}{
		{"small", 1, 1, true},
		{"nearly half the address space", tooLarge - 1<<20, 64, true},
		{"half, with its header", tooLarge - 1, 64, false},
		{"more than half", tooLarge, 64, false},
		{"everything", ^uintptr(0), 64, false},
		{"everything but the header", ^uintptr(0) - headerSize, 64, false},
		{"largest alignment", 1, maxAlign, true},
		{"largest of both", tooLarge - 1<<20, maxAlign, true},
		{"alignment beyond", 1, maxAlign * 2, false},
	} {
		w, ok := shapeOf(c.size, c.align)
		if ok != c.ok {
			t.Errorf("%s: ok = %v", c.name, ok)
		}
		if ok && (w.total < c.size || w.total+w.align < w.total) {
			t.Errorf("%s: a sum overflowed: %+v", c.name, w)
		}
	}
}

// TestPlace: an object lies in its extent, aligned, after its header. The extent contains the
// rest of the heap page in which the object begins.
func TestPlace(t *testing.T) {
	page := vm.PageSize()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		size := uintptr(1) + uintptr(rng.Uint64N(1<<rng.UintN(28)))
		if rng.UintN(4) == 0 {
			size = (size + page - 1) &^ (page - 1)
		}
		align := uintptr(1) << rng.UintN(24)
		w, ok := shapeOf(size, align)
		if !ok {
			t.Fatal(size, align)
		}
		start := uintptr(0x1000_0000) + page*uintptr(rng.UintN(64))
		total := w.total
		if w.align > page && rng.UintN(2) == 0 {
			start = start&^(w.align-1) + w.align - page // as mapExtent makes it
		} else if rng.UintN(2) == 0 {
			total += page * uintptr(rng.UintN(64))
		}
		colour := uint16(rng.Uint32())
		p := w.place(start, total, colour)
		if p == 0 {
			if w.align <= page || (start+page)&(w.align-1) == 0 {
				t.Fatalf("%d bytes aligned to %d do not fit into %d bytes at %#x", size, align, total, start)
			}
			continue
		}
		const heapPage = sizeclass.PageSize
		switch {
		case p%w.align != 0:
			t.Fatalf("%#x is not aligned to %d", p, w.align)
		case p < start+headerSize:
			t.Fatalf("no room for the header: %#x in an extent at %#x", p, start)
		case p+size > start+total:
			t.Fatalf("%d bytes at %#x exceed %d at %#x", size, p, total, start)
		case p&^(heapPage-1)+heapPage > start+total:
			t.Fatalf("the heap page of %#x extends beyond %#x", p, start+total)
		}
	}
}

func TestPlaceUsesColours(t *testing.T) {
	w, _ := shapeOf(128*kib, 64)
	seen := map[uintptr]int{}
	for n := range uint32(63) {
		seen[w.place(0, w.total, colourOf(n))]++
	}
	if len(seen) < 62 {
		t.Errorf("63 extents have %d different offsets in the page", len(seen))
	}
}

func TestBins(t *testing.T) {
	last := 0
	for total := uintptr(1); total != 0 && total < tooLarge; total += max(1, total/100) {
		b := binOf(total)
		if b < last || b >= binCount {
			t.Fatalf("bin %d of %d bytes comes after bin %d", b, total, last)
		}
		last = b
	}
	// A request looks into few bins.
	for need := uintptr(1 << unitShift); need < 1<<30; need += need/50&^(1<<unitShift-1) + 1<<unitShift {
		if n := binOf(maxTotal(need)) - binOf(need); n > 2 {
			t.Fatalf("%d bytes: %d bins", need, n)
		}
	}
}
