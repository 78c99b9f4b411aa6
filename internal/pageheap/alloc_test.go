// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
)

func TestDirtyIsPreferred(t *testing.T) {
	f := newFixture(t)
	per := f.per // all runs consist of whole kernel pages
	page := uintptr(per) * pageSize
	low := f.dirtied(10 * per)
	high := f.dirtied(10 * per)
	end := f.dirtied(per)
	f.Free(low, 10*per)
	f.purge(true) // now clean
	f.Free(high, 10*per)
	for _, c := range []struct {
		name  string
		n     int
		addr  uintptr
		clean bool
	}{
		{"the dirty run, though it is higher", 8, high, false},
		{"the rest of the dirty run", 2, high + 8*page, false},
		{"the lowest clean run", 3, low, true},
		{"a run that is longer than the gap", 8, end + page, true},
		{"the rest of the gap", 7, low + 3*page, true},
	} {
		if addr, clean := f.alloc(c.n * per); addr != c.addr || clean != c.clean {
			t.Errorf("%s: page %d, clean %v; want page %d, clean %v", c.name,
				(addr-low)/page, clean, (c.addr-low)/page, c.clean)
		}
	}
	f.expect("at the end", 1, 29*per, 0)
}

// A run may consist of dirty and clean pages. Alloc does not report it as clean then.
func TestMixedRun(t *testing.T) {
	f := newFixture(t)
	addr := f.dirtied(5)
	f.Free(addr, 5)
	if again, clean := f.alloc(20); again != addr || clean {
		t.Errorf("run at %#x, clean %v; want one at %#x, not clean", again, clean, addr)
	}
	f.expect("allocated", 1, 20, 0)
}

func TestMaxRun(t *testing.T) {
	f := newFixture(t)
	a, _ := f.alloc(MaxRun)
	b, _ := f.alloc(MaxRun)
	f.alloc(1)
	f.expect("two of the longest runs and a page", 2, 2*MaxRun+1, 0)
	f.Free(a, MaxRun)
	f.Free(b, MaxRun)
	f.expect("the long ones freed", 2, 1, 2*MaxRun)
}

// Alloc reserves entries in the page map for all pages of the run.
func TestPageMapHasRoom(t *testing.T) {
	f := newFixture(t)
	addr, _ := f.alloc(100)
	pagemap.Set(addr, 100*pageSize, 1)
	if pagemap.Get(addr+100*pageSize-1) != 1 {
		t.Error("the page map has no entry for the last page")
	}
	pagemap.Set(addr, 100*pageSize, 0)
}
