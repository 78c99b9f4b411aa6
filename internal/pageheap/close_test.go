// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

func TestClose(t *testing.T) {
	f := newFixture(t)
	a, b := f.dirtied(10), f.dirtied(MaxRun)
	f.dirtied(MaxRun)
	pagemap.Set(a, 10*pageSize, 1)
	pagemap.Set(b, MaxRun*pageSize, 1)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.expect("closed", 0, 0, 0)
	for _, addr := range []uintptr{a, a + 10*pageSize - 1, b, b + MaxRun*pageSize - 1} {
		if d := pagemap.Get(addr); d != 0 {
			t.Errorf("the page map still has %#x for %#x", d, addr)
		}
	}
}

// A call after Close finds nothing and does no harm.
func TestAfterClose(t *testing.T) {
	f := newFixture(t)
	addr := f.dirtied(3)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Alloc(1); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("Alloc after Close: %v", err)
	}
	f.Free(addr, 3)
	f.expect("closed", 0, 0, 0)
}

// A chunk that the kernel refuses to unmap is purged and still counted. Another Close
// unmaps it.
func TestCloseFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		ops   []vm.Op
		dirty int // dirty pages afterwards
	}{
		{"munmap", []vm.Op{vm.OpRelease}, 0},
		{"munmap and madvise", []vm.Op{vm.OpRelease, vm.OpPurge}, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			a := f.dirtied(10)
			b := f.dirtied(20)
			pagemap.Set(a, 10*pageSize, 1)
			f.Free(b, 20)
			vm.Inject(func(op vm.Op) error {
				for _, o := range c.ops {
					if o == op {
						return errInjected
					}
				}
				return nil
			})
			if err := f.Close(); !errors.Is(err, errInjected) {
				t.Errorf("Close: %v", err)
			}
			f.expect("after the refusal", 1, 0, c.dirty)
			if pagemap.Get(a) != 0 {
				t.Error("the page map still leads to a freed run")
			}
			vm.Inject(nil)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			f.expect("closed again", 0, 0, 0)
		})
	}
}

// A chunk without a leaf in the page map can be closed: no run of it was ever allocated.
func TestCloseWithoutPageMap(t *testing.T) {
	f := newFixture(t)
	f.alloc(1)
	f.mu.Lock()
	c, err := f.grow(1)
	f.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	c.start = chunkAlign // the page map has no leaf for it
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
