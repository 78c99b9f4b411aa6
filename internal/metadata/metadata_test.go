// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

var sizes = []uintptr{1, 8, 16, 17, 32, 33, 48, 64, 65, 100, 128, 320, 1000, 3104, 4288, 9000, 32768, 40000, MaxSize, MaxSize + 1, 100_000, 1 << 20}

func TestZeroedAndAligned(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			for round := range 3 { // fresh, reused next to live objects, reused after all were freed
				objects := slabFull(t, size)
				for _, p := range objects {
					if !holds(p, size, 0) {
						t.Fatalf("round %d: %#x is not zeroed", round, p)
					}
					if align := uintptr(64); size >= align && p%align != 0 {
						t.Fatalf("%#x is not aligned to %d", p, align)
					}
					if p%8 != 0 {
						t.Fatalf("%#x is not aligned to a word", p)
					}
					fill(p, size, 0xee)
				}
				if round == 0 {
					kept := objects[0]
					freeAll(objects[1:], size)
					defer Free(kept, size)
					continue
				}
				freeAll(objects, size)
			}
		})
	}
}

// InUse counts live objects, rounded up to whole cache lines at most, or to pages if they have
// mappings of their own.
func TestInUse(t *testing.T) {
	for _, size := range sizes {
		before := InUse()
		p := alloc(t, size)
		most := size*9/8 + 64
		if size > MaxSize {
			most = size + vm.PageSize() - 1
		}
		if n := InUse() - before; n < int(size) || n > int(most) {
			t.Errorf("an object of %d bytes counts as %d", size, n)
		}
		Free(p, size)
		if n := InUse(); n != before {
			t.Errorf("%d bytes in use after an object of %d was freed, %d before", n, size, before)
		}
	}
}

// A freed object's memory is reused before another slab is taken.
func TestReuse(t *testing.T) {
	const size = 30 << 10 // two in a slab
	Purge()
	var live []uintptr
	for range 3 {
		live = append(live, alloc(t, size))
	}
	footprint := Space.Footprint.Now()
	Free(live[0], size)
	live[0] = alloc(t, size)
	live = append(live, alloc(t, size))
	if n := Space.Footprint.Now(); n != footprint {
		t.Errorf("four objects in two slabs have a footprint of %d bytes more than three", n-footprint)
	}
	freeAll(live, size)
}

// No object begins at the start of a page if it can be avoided: such objects share a set
// of the processor's cache with the first lines of users' larger blocks.
func TestColours(t *testing.T) {
	starts := map[uintptr]bool{}
	var live []uintptr
	const size = MaxSize // one in a slab
	for range 2 * colours {
		p := alloc(t, size)
		live = append(live, p)
		starts[p%slabSize] = true
	}
	if starts[0] || len(starts) != colours {
		t.Errorf("the first objects of slabs begin at %v", starts)
	}
	freeAll(live, size)
}

// TestMapped: large objects have mappings of their own, which are listed, purged and
// reused.
func TestMapped(t *testing.T) {
	const size = 200_000
	Purge()
	footprint := Space.Footprint.Now()
	p := alloc(t, size)
	fill(p, size, 0xee)
	listed := false
	Mappings(func(m vm.Mapping) { listed = listed || m.Base == p && m.Size >= size })
	if !listed {
		t.Error("the object's mapping is not listed")
	}
	Free(p, size)
	if n := Purge(); n < size || Space.Footprint.Now() != footprint {
		t.Errorf("%d bytes purged, and the footprint is %d, was %d", n, Space.Footprint.Now(), footprint)
	}
	again := alloc(t, size)
	if again != p || !holds(again, size, 0) {
		t.Errorf("got %#x, want %#x, zeroed", again, p)
	}
	if n := Space.Footprint.Now(); n < footprint+size {
		t.Errorf("the footprint is %d, was %d without the object", n, footprint)
	}
	Free(again, size)
	Purge()
}
