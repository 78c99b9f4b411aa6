// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"math/bits"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// far is a size so large that each object of that size needs a leaf of the page map of its
// own.
const far = 40 << 30 % (1<<(bits.UintSize-1) - 1)

// refuseMap makes count calls of mmap fail, from the n-th from now on, and all calls of
// the kinds in also.
func refuseMap(n, count int, also ...vm.Op) {
	var maps int
	vm.Inject(func(op vm.Op) error {
		for _, o := range also {
			if o == op {
				return errInjected
			}
		}
		if op == vm.OpMap {
			maps++
			if n < maps && maps <= n+count {
				return errInjected
			}
		}
		return nil
	})
}

func skipUnlessFar(t *testing.T, f *fixture) {
	t.Helper()
	if bits.UintSize == 32 {
		t.Skip("the page map has a leaf for everything")
	}
	p, _, err := f.Alloc(far, 64, false)
	if err != nil {
		t.Skip(err) // overcommitting may be forbidden
	}
	f.free(p)
}

// If there is no memory for the page map, Alloc fails and loses no mapping.
func TestAllocWithoutPageMap(t *testing.T) {
	f := newFixture(t, largeobj.Options{Policy: largeobj.Unmap})
	skipUnlessFar(t, f)
	var ps []uintptr
	failed := 0
	for range 8 { // other tests may have made leaves already
		refuseMap(1, 1)
		p, _, err := f.Alloc(far, 64, false)
		vm.Inject(nil)
		f.sound()
		switch {
		case err == nil:
			ps = append(ps, p)
			continue
		case !errors.Is(err, vm.ErrOutOfMemory):
			t.Fatal(err)
		}
		failed++
		if n := f.Stats().Mappings(); n != int64(len(ps)) {
			t.Fatalf("%d mappings for %d objects", n, len(ps))
		}
		refuseMap(1, 1, vm.OpRelease) // and it cannot be unmapped either
		_, _, err = f.Alloc(far, 64, false)
		vm.Inject(nil)
		if !errors.Is(err, vm.ErrOutOfMemory) {
			t.Fatal(err)
		}
		f.sound()
		if s := f.Stats(); s.Clean.Objects != 1 {
			t.Fatalf("%+v", s)
		}
		f.purge(false)
		if s := f.Stats(); s.Clean.Objects != 0 {
			t.Fatalf("%+v", s)
		}
		break
	}
	if failed == 0 {
		t.Errorf("no leaf was needed for %d objects", len(ps))
	}
	for _, p := range ps {
		f.free(p)
	}
}

// If mremap would move an object to an address for which there is no memory in the page
// map, the object moves elsewhere, or stays as it was.
func TestResizeWithoutPageMap(t *testing.T) {
	f := newFixture(t, largeobj.Options{Policy: largeobj.Unmap})
	skipUnlessFar(t, f)
	for size := uintptr(far); size < 8*far; size += far {
		p := f.alloc(mib)
		fill(p, mib, 1)
		refuseMap(0, 100)
		q, err := f.Resize(p, size)
		vm.Inject(nil)
		switch {
		case errors.Is(err, vm.ErrOutOfMemory):
			q = p
		case err != nil:
			t.Fatal(err)
		}
		f.sound()
		if at := wrong(q, mib, mib, 1); at >= 0 {
			t.Fatalf("contents differ at %d", at)
		}
		defer f.free(q)
	}
}
