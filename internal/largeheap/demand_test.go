// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// grown allocates an object and doubles it until it has size bytes.
func (f *fixture) grown(size uintptr) uintptr {
	f.t.Helper()
	n := uintptr(128 * kib)
	p := f.alloc(n)
	for n < size {
		n *= 2
		var err error
		if p, err = f.Resize(p, n); err != nil {
			f.t.Fatalf("Resize(%d): %v", n, err)
		}
	}
	return p
}

// What is retained does not add up: freed memory that suits no request goes, without a tick.
func TestRetainedFollowsDemand(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	for size := uintptr(mib / 2); size <= 16*mib; size += mib / 4 { // no extent is long enough for the next object
		f.free(f.alloc(size))
		if got, limit := f.Stats().Dirty.Bytes, int64(size+size/4+2*mib); got > limit {
			t.Fatalf("%d bytes are retained, although only %d were live at a time", got, size)
		}
	}
}

// peak has n objects of 1 MiB live at a time, frees them, and returns where they were.
func peak(f *fixture, n int) (ps []uintptr) {
	for range n {
		ps = append(ps, f.alloc(mib))
	}
	for _, p := range ps {
		f.free(p)
	}
	return ps
}

// What a peak left is given back while the program goes on with less.
func TestRetainedFallsAfterPeak(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	ps := peak(f, 64)
	if got := f.Stats().Dirty.Bytes; got < 60*mib {
		t.Errorf("%d bytes are retained after 64 MiB were freed: a program that does the same again faults", got)
	}
	for range 16 {
		for i := range 64 { // all extents stay young
			if o, ok := f.Find(ps[i]); ok && o.State == Retained {
				f.free(f.alloc(mib))
			}
		}
		f.ticks(1)
	}
	if got := f.Stats().Dirty.Bytes; got > 8*mib {
		t.Errorf("%d bytes are still retained", got)
	}
}

// A growing object moves to memory that is retained, instead of to pages that fault.
func TestGrowthUsesRetainedMemory(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	big := f.alloc(mib)
	fillWith(big, mib, 0xff)
	p := f.alloc(512 * kib)
	fillWith(p, 512*kib, 7)
	f.free(big)
	calls := f.space.Calls(vm.OpMap) + f.space.Calls(vm.OpRemap)
	q, err := f.ResizeZero(p, 512*kib, mib)
	if err != nil {
		t.Fatal(err)
	}
	if n := f.space.Calls(vm.OpMap) + f.space.Calls(vm.OpRemap) - calls; n != 0 {
		t.Errorf("%d kernel calls, although the memory was there", n)
	}
	for i, b := range raw.Bytes(q, mib) {
		if want := byte(7); i < 512*kib && b != want || i >= 512*kib && b != 0 {
			t.Fatalf("byte %d is %d", i, b)
		}
	}
	f.sound()
	f.free(q)
}

// An object that would hardly grow is not copied.
func TestSmallGrowthCopiesNothing(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	big := f.alloc(4*mib + 256*kib)
	p := f.alloc(4 * mib)
	f.free(big)
	moves := f.space.Calls(vm.OpRemap)
	if _, err := f.Resize(p, 4*mib+256*kib); err != nil {
		t.Fatal(err)
	}
	if f.space.Calls(vm.OpRemap) == moves {
		t.Error("4 MiB were copied to add 256 KiB")
	}
}

// Objects in extents that are too long waste a bounded part of the memory.
func TestLooseExtentsAreBounded(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	peak(f, 32)
	requested := uintptr(0)
	for range 64 {
		f.alloc(300 * kib)
		requested += 300 * kib
	}
	s := f.Stats()
	waste := s.Live.Bytes - int64(requested)
	if limit := int64(32*mib/looseShare + minWarm + requested/8); waste > limit {
		t.Errorf("%d bytes wasted, should be at most %d", waste, limit)
	}
	if waste < 4*mib {
		t.Errorf("%d bytes of dirty memory were used again, 32 MiB were there", waste)
	}
	f.sound()
}

// RetainBytes says how much is retained, whatever was live.
func TestRetainBytesIsNotBoundByDemand(t *testing.T) {
	f := newFixture(t, largeobj.Options{RetainBytes: 64 * mib})
	for i := range 100 {
		f.free(f.grown(128 * kib << (i % 4)))
		f.alloc(100*kib + uintptr(i)*32*kib)
	}
	f.sound()
	if f.demand.loose.Load() != 0 {
		t.Error("an extent is longer than an eighth more than its object needs")
	}
}

func fillWith(addr, n uintptr, b byte) {
	for i := range raw.Bytes(addr, n) {
		*raw.At[byte](addr + uintptr(i)) = b
	}
}
