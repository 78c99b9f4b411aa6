// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// Contents survive any chain of sizes, up and down, for dedicated, aligned and
// carved objects alike, with neighbours that keep the mapping from growing in
// place.
func TestResizeKeepsContents(t *testing.T) {
	sizes := []uintptr{
		128 * kib, 129 * kib, 128 * kib, 1 * mib, 5 * mib, 5*mib - 100, 4*mib + 1, 16 * mib,
		200 * kib, 8, 130 * kib, 1, 300 * kib, 2 * mib, 64, 128 * kib,
	}
	for _, c := range []struct {
		name    string
		options largeobj.Options
		align   uintptr
	}{
		{"dedicated", largeobj.Options{}, 64},
		{"unmapping", largeobj.Options{Policy: largeobj.Unmap}, 64},
		{"page-aligned", largeobj.Options{}, vm.PageSize()},
		{"aligned to 64 KiB", largeobj.Options{}, 64 * kib},
		{"aligned to 4 MiB", largeobj.Options{}, 4 * mib},
		{"carved", largeobj.Options{MaxMappings: 1}, 64},
		{"carved, aligned to 16 KiB", largeobj.Options{MaxMappings: 1}, 16 * kib},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, c.options)
			var ps [4]uintptr
			for i := range ps {
				ps[i] = f.allocAligned(sizes[0], c.align)
				fill(ps[i], sizes[0], uint64(i))
			}
			for step := 1; step < len(sizes); step++ {
				was, size := sizes[step-1], sizes[step]
				for i, p := range ps {
					p = f.resize(p, size)
					ps[i] = p
					key := uint64(i + (step-1)*len(ps))
					if at := wrong(p, was, min(was, size), key); at >= 0 {
						t.Fatalf("%d → %d bytes: contents differ at %d", was, size, at)
					}
					if p%c.align != 0 {
						t.Fatalf("%d → %d bytes: alignment %d lost: %#x", was, size, c.align, p)
					}
					if n, err := f.Usable(p); err != nil || n < size {
						t.Fatalf("%d → %d bytes: usable %d, %v", was, size, n, err)
					}
					fill(p, size, uint64(i+step*len(ps)))
					f.sound()
				}
			}
			for _, p := range ps {
				f.free(p)
			}
		})
	}
}

func TestResizeMovesPagesInsteadOfCopying(t *testing.T) {
	vm.Require(t, vm.Moving)
	if raceannotate.Enabled {
		t.Skip("race builds take blocks from the Go heap, whose pages do not move")
	}
	const size = 32 * mib
	f := newFixture(t, largeobj.Options{RetainBytes: -1})
	p := f.alloc(size)
	f.alloc(size) // stands in the way
	dirtyAll(p, size)
	before, peak := residentBytes(t), f.space.Footprint.Peak()
	p = f.resize(p, 2*size)
	if grown := residentBytes(t) - before; grown > size/2 {
		t.Errorf("doubling made %d bytes resident", grown)
	}
	if grown := f.space.Footprint.Peak() - peak; grown > size {
		t.Errorf("the footprint rose by %d on the way, more than was added", grown)
	}
	if got := f.space.Calls(vm.OpRemap); got != 1 {
		t.Errorf("%d calls of mremap", got)
	}
	before = residentBytes(t)
	f.resize(p, size/4)
	if shrunk := before - residentBytes(t); shrunk < size/2 {
		t.Errorf("shrinking gave %d bytes back", shrunk)
	}
}

// A small change of the size needs no call to the kernel.
func TestResizeInPlace(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(mib)
	for _, size := range []uintptr{mib - 1, mib - 100*kib, mib, mib + 1, mib - 60*kib} {
		if q := f.resize(p, size); q != p {
			t.Errorf("%d bytes: moved", size)
		}
		if s := f.Stats(); s.Requested != int64(size) {
			t.Errorf("%d bytes requested, should be %d", s.Requested, size)
		}
	}
	if n := f.space.Calls(vm.OpRemap); n != 0 {
		t.Errorf("%d calls of mremap", n)
	}
}

// An object that was resized can be reused, resized and freed like any other.
func TestResizeThenReuse(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	for i := range 20 {
		p := f.alloc(200 * kib)
		p = f.resize(p, uintptr(i+1)*150*kib)
		f.free(p)
		f.sound()
	}
}

// If the kernel refuses mremap, Resize copies.
func TestResizeWithoutMremap(t *testing.T) {
	for _, c := range []struct{ from, to uintptr }{{mib, 4 * mib}, {4 * mib, mib}} {
		t.Run(fmt.Sprintf("%d→%d", c.from, c.to), func(t *testing.T) {
			f := newFixture(t, largeobj.Options{})
			p := f.alloc(c.from)
			fill(p, c.from, 9)
			vm.Inject(func(op vm.Op) error {
				if op == vm.OpRemap {
					return vm.ErrOutOfMemory
				}
				return nil
			})
			q := f.resize(p, c.to)
			vm.Inject(nil)
			if at := wrong(q, c.from, min(c.from, c.to), 9); at >= 0 {
				t.Errorf("contents differ at %d", at)
			}
			f.sound()
			fill(q, c.to, 1)
			f.resize(q, 2*mib)
			f.sound()
		})
	}
}

// TestResizeFails: if there is no memory to grow, the object keeps its address and contents.
func TestResizeFails(t *testing.T) {
	for _, c := range []struct {
		name    string
		options largeobj.Options
		align   uintptr
	}{
		{"dedicated", largeobj.Options{}, 64},
		{"aligned", largeobj.Options{}, mib},
		{"carved", largeobj.Options{MaxMappings: 1}, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, c.options)
			p := f.allocAligned(mib, c.align)
			fill(p, mib, 5)
			vm.Inject(func(vm.Op) error { return vm.ErrOutOfMemory })
			_, err := f.Resize(p, 256*mib)
			vm.Inject(nil)
			if !errors.Is(err, vm.ErrOutOfMemory) {
				t.Errorf("error %v", err)
			}
			f.sound()
			if at := wrong(p, mib, mib, 5); at >= 0 {
				t.Errorf("contents differ at %d", at)
			}
			if n, err := f.Usable(p); err != nil || n < mib {
				t.Errorf("usable %d, %v", n, err)
			}
			f.free(f.resize(p, 8*mib))
		})
	}
}

// TestPeakOfRefusedResize: memory that the kernel refused is not charged, so it does not raise
// the peak.
func TestPeakOfRefusedResize(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(mib)
	before := f.space.Footprint.Peak()
	refuse(vm.OpRemap, vm.OpMap)
	defer vm.Inject(nil)
	if _, err := f.Resize(p, 1<<30); !errors.Is(err, errInjected) {
		t.Errorf("Resize: %v", err)
	}
	if after := f.space.Footprint.Peak(); after != before {
		t.Errorf("the peak is %d, was %d", after, before)
	}
}
