// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// Memory of a freed object that is too short becomes a part of the next object's, and the
// rest of that is added. Zeroed objects are zero in both parts.
func TestShorterExtentIsLengthened(t *testing.T) {
	vm.Require(t, vm.Moving)
	for _, needZero := range []bool{false, true} {
		f := newFixture(t, largeobj.Options{})
		old := f.alloc(4 * mib)
		dirtyAll(old, 4*mib)
		neighbour := f.alloc(mib)
		f.free(old)
		maps := f.space.Calls(vm.OpMap)
		p, zeroed, err := f.Alloc(6*mib, 64, needZero)
		if err != nil {
			t.Fatal(err)
		}
		if n := f.space.Calls(vm.OpMap) - maps; n != 0 {
			t.Errorf("%d new mappings, although 4 of 6 MiB were there", n)
		}
		if zeroed != needZero {
			t.Errorf("zeroed: %v, although the object has junk, unless it was cleared", zeroed)
		}
		if zeroed && !isZero(p, 6*mib) {
			t.Error("a zeroed object holds what its predecessor held")
		}
		if got := f.Stats().Dirty.Bytes; got != 0 {
			t.Errorf("%d bytes are retained still", got)
		}
		if o, ok := f.Find(p + 5*mib); !ok || o.Base != p || o.Size != 6*mib {
			t.Errorf("the added part belongs to %+v", o)
		}
		if p != old && f.Free(old) == nil {
			t.Error("the address from which the memory moved can be freed")
		}
		f.sound()
		f.free(neighbour)
		f.free(p)
	}
}

// An object of unusual alignment, and one that is many times as long, gets a mapping of its own.
func TestShorterExtentIsKept(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	f.free(f.alloc(mib))
	f.alloc((maxLengthen + 1) * mib)
	f.allocAligned(2*mib, 1<<20)
	if got := f.Stats().Dirty.Objects; got != 1 {
		t.Errorf("%d extents are retained, want the one of 1 MiB", got)
	}
}

// If the kernel refuses to lengthen an extent, or the limit does not allow it, the extent
// stays retained.
func TestShorterExtentIsRefused(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	old := f.alloc(4 * mib)
	f.free(old)
	refuse(vm.OpRemap)
	p := f.alloc(6 * mib)
	refuse()
	f.sound()
	if o, ok := f.Find(old); !ok || o.State == Live {
		t.Errorf("the retained extent is %+v", o)
	}
	f.free(p)
	f.free(f.alloc(4 * mib))
}

// Under a limit, an extent counts once: its retained pages are those of the next object.
func TestShorterExtentUnderLimit(t *testing.T) {
	vm.Require(t, vm.Moving)
	f := newFixture(t, largeobj.Options{})
	f.space.SetLimit(mib)
	f.free(f.alloc(600 * kib))
	p := f.alloc(800 * kib)
	if _, _, err := f.Alloc(600*kib, 64, false); err != vm.ErrLimit {
		t.Errorf("Alloc beyond the limit: %v", err)
	}
	f.sound()
	f.free(p)
	if _, _, err := f.Alloc(2*mib, 64, false); err != vm.ErrLimit {
		t.Errorf("lengthened beyond the limit: %v", err)
	}
	f.sound()
}
