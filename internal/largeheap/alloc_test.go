// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"fmt"
	"math/bits"
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

func TestAlign(t *testing.T) {
	for _, size := range []uintptr{1, 8, 100, 4 * kib, 10000, 128 * kib, 128*kib + 1, 3*mib - 64} {
		t.Run(fmt.Sprintf("size=%d", size), func(t *testing.T) {
			f := newFixture(t, largeobj.Options{})
			for shift := 0; shift <= 30; shift++ {
				align := uintptr(1) << shift
				p, _, err := f.Alloc(size, align, true)
				if err != nil {
					if bits.UintSize == 32 && shift >= 28 && errors.Is(err, vm.ErrOutOfMemory) {
						continue // there may be no such room in 4 GiB
					}
					t.Fatalf("align %d: %v", align, err)
				}
				if p%max(align, 64) != 0 {
					t.Errorf("align %d: %#x", align, p)
				}
				n, err := f.Usable(p)
				if err != nil || n < size {
					t.Errorf("align %d: usable %d of %d, %v", align, n, size, err)
				}
				if !isZero(p, size) {
					t.Errorf("align %d: not zeroed", align)
				}
				dirtyAll(p, min(n, 16*mib)) // all of it may be written
				f.sound()
				if shift%2 == 0 {
					f.free(p) // others stay, so that neighbours exist
				}
			}
		})
	}
}

func TestImpossibleSizes(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	for _, size := range []uintptr{1 << (bits.UintSize - 1), ^uintptr(0), ^uintptr(0) - 63, ^uintptr(0) - 8191} {
		if p, _, err := f.Alloc(size, 64, false); !errors.Is(err, vm.ErrOutOfMemory) {
			t.Errorf("Alloc(%d) = %#x, %v", size, p, err)
		}
	}
	p := f.alloc(200 * kib)
	fill(p, 200*kib, 1)
	for _, size := range []uintptr{1 << (bits.UintSize - 1), ^uintptr(0), ^uintptr(0) - 63} {
		if q, err := f.Resize(p, size); !errors.Is(err, vm.ErrOutOfMemory) {
			t.Errorf("Resize(%d) = %#x, %v", size, q, err)
		}
	}
	if at := wrong(p, 200*kib, 200*kib, 1); at >= 0 {
		t.Errorf("contents changed at %d", at)
	}
}

// TestObjectsKeepApart: objects do not overlap.
func TestObjectsKeepApart(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	type block struct{ p, n uintptr }
	var blocks []block
	for i := range uintptr(300) {
		size := 1 + i*i*37
		p := f.allocAligned(size, 64<<(i%10))
		n, _ := f.Usable(p)
		fill(p, n, uint64(i))
		blocks = append(blocks, block{p, n})
	}
	for i, b := range blocks {
		if at := wrong(b.p, b.n, b.n, uint64(i)); at >= 0 {
			t.Fatalf("block %d was overwritten at %d", i, at)
		}
	}
}

// TestColour: the first bytes of objects of whole pages are spread over the cache's sets.
func TestColour(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	offsets := map[uintptr]bool{}
	for range 64 {
		offsets[f.alloc(128*kib)%vm.PageSize()] = true
	}
	if len(offsets) < 32 {
		t.Errorf("64 objects begin at %d different offsets in their pages", len(offsets))
	}
	s := f.Stats()
	if got, want := s.Live.Bytes/s.Live.Objects, int64(128*kib+vm.PageSize()); got != want {
		t.Errorf("an extent of 128 KiB has %d bytes, should have %d", got, want)
	}
}

func TestZeroedWhateverLayThereBefore(t *testing.T) {
	const size = 300 * kib
	for _, c := range []struct {
		name    string
		options largeobj.Options
		between func(f *fixture)
	}{
		{"dirty", largeobj.Options{}, func(*fixture) {}},
		{"purged", largeobj.Options{}, func(f *fixture) { f.ticks(purgeAge) }},
		{"purged lazily", largeobj.Options{LazyPurge: true}, func(f *fixture) { f.ticks(purgeAge) }},
		{"unmapped", largeobj.Options{Policy: largeobj.Unmap}, func(*fixture) {}},
		{"carved", largeobj.Options{MaxMappings: 1}, func(*fixture) {}},
		{"carved, purged", largeobj.Options{MaxMappings: 1}, func(f *fixture) { f.ticks(3) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, c.options)
			for i := range uintptr(5) {
				p, _, err := f.Alloc(size-i*4000, 64<<i, true)
				if err != nil {
					t.Fatal(err)
				}
				if !isZero(p, size-i*4000) {
					t.Fatalf("round %d: not zeroed", i)
				}
				n, _ := f.Usable(p)
				dirtyAll(p, n)
				f.free(p)
				c.between(f)
				f.sound()
			}
		})
	}
}

// An extent that was purged is not cleared again, because clearing it would bring all of
// its pages in.
func TestZeroedAfterPurgeTouchesNothing(t *testing.T) {
	const size = 32 * mib
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(size)
	dirtyAll(p, size)
	f.free(p)
	f.ticks(purgeAge)
	before := residentBytes(t)
	q, _, err := f.Alloc(size, 64, true)
	if err != nil {
		t.Fatal(err)
	}
	if grown := residentBytes(t) - before; grown > size/2 {
		t.Errorf("Alloc of a purged extent made %d bytes resident", grown)
	}
	if q != p {
		t.Errorf("the purged extent was not used again")
	}
}

func TestLimit(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	f.space.SetLimit(mib)
	p := f.alloc(600 * kib)
	fill(p, 600*kib, 3)
	if _, _, err := f.Alloc(600*kib, 64, false); err != vm.ErrLimit {
		t.Errorf("Alloc beyond the limit: %v", err)
	}
	if _, err := f.Resize(p, 2*mib); err != vm.ErrLimit {
		t.Errorf("Resize beyond the limit: %v", err)
	}
	f.sound()
	if at := wrong(p, 600*kib, 600*kib, 3); at >= 0 {
		t.Errorf("contents changed at %d", at)
	}
	f.free(p)
	if _, _, err := f.Alloc(800*kib, 2*vm.PageSize(), false); err != vm.ErrLimit { // such an alignment needs an extent of its own
		t.Errorf("retained memory does not count: %v", err)
	}
	f.purge(true)
	f.alloc(800 * kib)
}

// A purged extent must be charged again before it is used.
func TestLimitOfPurged(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(600 * kib)
	f.free(p)
	f.ticks(purgeAge)
	f.space.SetLimit(500 * kib)
	if _, _, err := f.Alloc(600*kib, 64, false); err != vm.ErrLimit {
		t.Errorf("%v", err)
	}
	f.sound()
	f.space.SetLimit(0)
	if q := f.alloc(600 * kib); q != p {
		t.Errorf("the purged extent was lost")
	}
}

func TestDescriptorUsable(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	for _, align := range []uintptr{64, 4096, 1 << 16} {
		p := f.allocAligned(200_000, align)
		n, err := f.Usable(p)
		if got := Descriptor(pagemap.Get(p)).Usable(); err != nil || got != n {
			t.Errorf("Descriptor.Usable = %d, Usable = %d, %v", got, n, err)
		}
		if h := pagemap.HeaderOf(p); h.Owner != owner || h.Kind != pagemap.Large || !h.IsLarge(p) {
			t.Errorf("the page map says %+v", *h)
		}
		raw.Bytes(p, n)[n-1] = 1
	}
}
