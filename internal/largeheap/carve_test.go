// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math/bits"
	"testing"

	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// From MaxMappings mappings on, objects share chunks, except those that are too long for
// one.
func TestCarve(t *testing.T) {
	const maxRun = pageheap.MaxRun * sizeclass.PageSize
	newFixture(t, largeobj.Options{}).alloc(mib) // maps metadata and the page map, if this is the process's first object
	f := newFixture(t, largeobj.Options{MaxMappings: vm.Mappings() + 10, Policy: largeobj.Unmap})
	var ps []uintptr
	for range 30 {
		p := f.alloc(200 * kib)
		fill(p, 200*kib, uint64(len(ps)))
		ps = append(ps, p)
		f.sound()
	}
	s := f.Stats()
	if s.Live.Objects != 30 || s.Carved.Objects < 15 || s.Carved.Objects > 21 || s.Chunks.Chunks > 2 {
		t.Errorf("%+v", s)
	}
	long := f.alloc(maxRun)
	if got := f.Stats().Carved.Objects; got != s.Carved.Objects {
		t.Errorf("an object longer than a chunk's runs was carved")
	}
	f.free(long)
	for i, p := range ps {
		if at := wrong(p, 200*kib, 200*kib, uint64(i)); at >= 0 {
			t.Errorf("object %d: contents differ at %d", i, at)
		}
		f.free(p)
	}
	f.sound()
	f.purge(true)
	f.nothingLeft()
}

// When mappings have been freed, new objects have mappings of their own again.
func TestCarveEnds(t *testing.T) {
	f := newFixture(t, largeobj.Options{MaxMappings: vm.Mappings() + 5, Policy: largeobj.Unmap})
	var ps []uintptr
	for range 20 {
		ps = append(ps, f.alloc(200*kib))
	}
	for _, p := range ps {
		f.free(p)
	}
	f.purge(true)
	f.alloc(200 * kib)
	if s := f.Stats(); s.Carved.Objects != 0 {
		t.Errorf("%+v", s)
	}
}

// A carved object that outgrows its chunk moves, and may move back.
func TestResizeAcrossCarving(t *testing.T) {
	const maxRun = pageheap.MaxRun * sizeclass.PageSize
	f := newFixture(t, largeobj.Options{MaxMappings: 1})
	p := f.alloc(200 * kib)
	fill(p, 200*kib, 1)
	p = f.resize(p, 2*maxRun)
	if s := f.Stats(); s.Carved.Objects != 0 {
		t.Errorf("%+v", s)
	}
	if at := wrong(p, 200*kib, 190*kib, 1); at >= 0 {
		t.Errorf("contents differ at %d", at)
	}
	f.sound()
	f.free(f.resize(p, 200*kib))
}

func TestCarvedPagesAge(t *testing.T) {
	const n = 20
	f := newFixture(t, largeobj.Options{MaxMappings: 1})
	var ps []uintptr
	for range n {
		p := f.alloc(500 * kib)
		dirtyAll(p, 500*kib)
		ps = append(ps, p)
	}
	for _, p := range ps {
		f.free(p)
	}
	if !f.HasPurgeable() {
		t.Errorf("nothing to give back")
	}
	var freed int64
	for range 4 {
		freed += f.purge(false)
	}
	if freed < n*500*kib || f.HasPurgeable() || f.space.Footprint.Now() != 0 {
		t.Errorf("%d bytes given back, %d charged", freed, f.space.Footprint.Now())
	}
}

// There can be far more objects than the kernel allows mappings.
func TestManyObjects(t *testing.T) {
	if bits.UintSize == 32 {
		t.Skip("40 GB of address space")
	}
	if testing.Short() {
		t.Skip("a page for each header: 800 MB")
	}
	const n, size = 200_000, 200 * kib
	f := newFixture(t, largeobj.Options{})
	ps := make([]uintptr, n)
	for i := range ps {
		ps[i] = f.alloc(size)
	}
	if m := vm.Mappings(); m > vm.MaxMappings() {
		t.Errorf("%d mappings", m)
	}
	f.sound()
	for i := 0; i < n; i += 2 {
		f.free(ps[i])
	}
	f.sound()
	for i := 0; i < n; i += 2 {
		ps[i] = f.alloc(size)
	}
	for _, p := range ps {
		f.free(p)
	}
	f.purge(true)
	f.nothingLeft()
}
