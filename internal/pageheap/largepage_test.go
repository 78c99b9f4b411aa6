// SPDX-License-Identifier: Apache-2.0

package pageheap

import "testing"

// If a kernel page contains eight heap pages, it is purged when all eight are free, even
// if some are clean.
func TestLargeKernelPages(t *testing.T) {
	for _, c := range []struct {
		name         string
		before, n    int // used pages before the freed run, and its length
		after        int // used pages after it
		freed, dirty int
	}{
		{"whole kernel pages", 8, 16, 8, 16, 0},
		{"too short for one", 3, 4, 1, 0, 4},
		{"inside one", 9, 4, 8, 0, 4},
		{"both ends shared", 3, 30, 8, 24, 6},
		{"start shared", 3, 29, 8, 24, 5},
		{"end shared", 8, 20, 1, 16, 4},
		{"clean pages after it", 8, 20, 0, 20, 0},
		{"clean pages after it, start shared", 5, 6, 0, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.per = 8
			f.alloc(c.before)
			addr := f.dirtied(c.n)
			if c.after > 0 {
				f.alloc(c.after)
			}
			f.Free(addr, c.n)
			if n := f.purge(true); n != int64(c.freed) {
				t.Errorf("%d pages were purged, want %d", n, c.freed)
			}
			f.expect("afterwards", 1, c.before+c.after, c.dirty)
			if f.MaySettle() {
				t.Error("the heap says that a later purge may give more back")
			}
		})
	}
}

func TestLargeKernelPageComesTogether(t *testing.T) {
	f := newFixture(t)
	f.per = 8
	a, b := f.dirtied(3), f.dirtied(5)
	f.Free(b, 5)
	if f.MaySettle() {
		t.Error("the heap says that a purge may give a used kernel page back")
	}
	if n := f.purge(true); n != 0 {
		t.Errorf("%d pages of a used kernel page were purged", n)
	}
	f.Free(a, 3)
	if !f.MaySettle() {
		t.Error("the heap does not say that a purge gives a kernel page back")
	}
	if n := f.purge(true); n != 8 {
		t.Errorf("%d pages were purged, want 8", n)
	}
	f.expect("afterwards", 0, 0, 0)
}
