// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
)

func TestPurge(t *testing.T) {
	const size = 1000
	defer Free(alloc(t, size), size) // keeps one slab of the class in use
	Purge()
	before := Space.Footprint.Now()
	objects := slabFull(t, size)
	for _, p := range objects {
		fill(p, size, 0xee)
	}
	if n := Space.Footprint.Now() - before; n != slabSize {
		t.Errorf("one more slab raises the footprint by %d bytes, want %d", n, slabSize)
	}
	if n := Purge(); n != 0 {
		t.Errorf("purged %d bytes with no slab idle", n)
	}
	freeAll(objects, size)
	if n := Space.Footprint.Now() - before; n != slabSize {
		t.Errorf("%d bytes of footprint after the last free, want the %d of the idle slab", n, slabSize)
	}
	if n := Purge(); n != slabSize {
		t.Errorf("purged %d bytes, want %d", n, slabSize)
	}
	if n := Space.Footprint.Now(); n != before {
		t.Errorf("footprint %d after the purge, %d before the slab", n, before)
	}
	if n := Purge(); n != 0 {
		t.Errorf("purged %d bytes a second time", n)
	}
	last := objects[len(objects)-1]
	if !holds(raw.AlignDown(last, slabSize), slabSize, 0) {
		t.Errorf("a purged slab does not read as zeros")
	}
}

// A slab that was purged or idle is counted again when it is reused.
func TestFootprintOfReuse(t *testing.T) {
	const size = 2000
	Purge()
	before := Space.Footprint.Now()
	mapped := Space.Mapped.Now()
	for range 3 {
		objects := slabFull(t, size)
		high := Space.Footprint.Now()
		freeAll(objects, size)
		again := slabFull(t, size)
		if n := Space.Footprint.Now(); n != high {
			t.Errorf("footprint %d with dirty slabs reused, want %d", n, high)
		}
		freeAll(again, size)
		Purge()
		if n := Space.Footprint.Now(); n != before {
			t.Errorf("footprint %d after all was freed and purged, %d before", n, before)
		}
	}
	if n := Space.Mapped.Now() - mapped; n > chunkSize {
		t.Errorf("%d bytes were mapped for what fits in two slabs", n)
	}
}
