// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// TestZeroOfRetained: if a program uses a small part of each zeroed object, the objects take
// little RAM, because the heap does not write whole retained extents. It does write an extent
// that was wholly in use, and asks the kernel about it once.
func TestZeroOfRetained(t *testing.T) {
	vm.Require(t, vm.Residency)
	if raceannotate.Enabled {
		t.Skip("the race detector's own records of the blocks are resident, too")
	}
	const size, objects = mib, 64
	for _, c := range []struct {
		name   string
		step   uintptr // one byte of every step bytes is written
		maxRAM int64
		calls  uint64 // kernel calls for each object in the third and fourth round
	}{
		{"sparse", size / 2, objects * size / 8, 2},
		{"dense", 512, objects * size * 9 / 8, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, largeobj.Options{Policy: largeobj.Keep, RetainBytes: 256 << 20})
			before := residentBytes(t)
			calls := uint64(0)
			for round := range 4 {
				if round == 2 {
					calls = f.space.Calls(vm.OpResident)
				}
				var all []uintptr
				for range objects {
					p, _, err := f.Alloc(size, 1, true)
					if err != nil {
						t.Fatal(err)
					}
					for at := uintptr(0); at < size; at += c.step {
						if *raw.At[byte](p + at) != 0 {
							t.Fatalf("round %d: byte %d is not zero", round, at)
						}
						*raw.At[byte](p + at) = 1
					}
					all = append(all, p)
				}
				for _, p := range all {
					f.free(p)
				}
				if n := residentBytes(t) - before; n > c.maxRAM {
					t.Fatalf("round %d: %d bytes of RAM, want at most %d", round, n, c.maxRAM)
				}
			}
			if n := f.space.Calls(vm.OpResident) - calls; n != c.calls*objects {
				t.Errorf("the kernel was called %d times, want %d", n, c.calls*objects)
			}
		})
	}
}

// TestZeroAfterPurge: the heap asks the kernel again about an extent that was purged or has
// grown.
func TestZeroAfterPurge(t *testing.T) {
	vm.Require(t, vm.Residency)
	if raceannotate.Enabled {
		t.Skip("the race detector's own records of the blocks are resident, too")
	}
	const size = 8 * mib
	for _, lazy := range []bool{false, true} {
		f := newFixture(t, largeobj.Options{LazyPurge: lazy})
		p := f.alloc(size)
		for range 2 {
			dirtyAll(p, size)
			f.free(p)
			q, _, err := f.Alloc(size, 1, true)
			if err != nil || q != p || !isZero(p, size) {
				t.Fatalf("%#x and %v, was %#x", q, err, p)
			}
		}
		if !f.lookup(p).full {
			t.Error("an extent that was overwritten is not full")
		}
		p = f.resize(p, 4*size)
		if f.lookup(p).full {
			t.Error("an extent that grew is full")
		}
		f.free(p)
		f.ticks(purgeAge + 1)
		q, _, err := f.Alloc(4*size, 1, true)
		if err != nil || q != p || f.lookup(p).full {
			t.Errorf("%#x and %v, was %#x; full %v", q, err, p, f.lookup(p).full)
		}
		f.free(p)
	}
}
