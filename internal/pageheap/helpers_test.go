// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"errors"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

var errInjected = errors.New("injected")

// A fixture is a heap with its own account. It is closed at the end of the test.
type fixture struct {
	*testing.T
	Heap
	space vm.Space
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{T: t}
	f.Init(&f.space)
	before := metadata.InUse()
	t.Cleanup(func() {
		vm.Inject(nil)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		f.verify()
		if f.space.Mapped.Now() != 0 || f.space.Footprint.Now() != 0 || metadata.InUse() != before {
			t.Errorf("after Close %d bytes are mapped, %d charged, and %d more of metadata in use",
				f.space.Mapped.Now(), f.space.Footprint.Now(), metadata.InUse()-before)
		}
	})
	return f
}

// alloc allocates a run, and fails the test if it cannot.
func (f *fixture) alloc(n int) (addr uintptr, clean bool) {
	f.Helper()
	addr, clean, err := f.Alloc(n)
	if errors.Is(err, vm.ErrUnsupported) {
		f.Skip(err)
	}
	if err != nil {
		f.Fatal(err)
	}
	return addr, clean
}

// dirtied allocates a run and writes to all its pages.
func (f *fixture) dirtied(n int) uintptr {
	f.Helper()
	addr, _ := f.alloc(n)
	for i := range uintptr(n) {
		*raw.At[byte](addr + i*pageSize) = 0xee
	}
	return addr
}

// purge makes one tick, which must succeed. It returns the number of purged pages.
func (f *fixture) purge(all bool) int64 {
	f.Helper()
	freed, err := f.Purge(all)
	if err != nil {
		f.Fatal(err)
	}
	f.verify()
	return freed / pageSize
}

// fail makes calls of kind op fail if want returns true for them, or all of them if want
// is nil.
func (f *fixture) fail(op vm.Op, want func() bool) (stop func()) {
	vm.Inject(func(o vm.Op) error {
		if o == op && (want == nil || want()) {
			return errInjected
		}
		return nil
	})
	return func() { vm.Inject(nil) }
}

// expect compares the numbers of the heap's pages by state.
func (f *fixture) expect(when string, chunks, used, dirty int) {
	f.Helper()
	s := f.Stats()
	if s.Chunks != chunks || s.Used != int64(used)*pageSize || s.Dirty != int64(dirty)*pageSize {
		f.Errorf("%s: %d chunks, %d pages used, %d dirty; want %d, %d, %d",
			when, s.Chunks, s.Used/pageSize, s.Dirty/pageSize, chunks, used, dirty)
	}
	f.verify()
}

// verify checks the equations of the package documentation. No other goroutine may use
// the heap.
func (f *fixture) verify() {
	f.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	used, dirty, last, lent := 0, 0, uintptr(0), int64(0)
	for _, at := range f.chunks {
		c := chunkAt(at)
		if c.start <= last {
			f.Error("the chunks are out of order")
		}
		last = c.start
		if c.busy.count(0, c.pages) != c.used || c.purging != 0 {
			f.Errorf("a chunk has %d busy pages, %d used, %d being purged", c.busy.count(0, c.pages), c.used, c.purging)
		}
		if c.dirty.overlaps(&c.busy) || !c.aged.within(&c.dirty) {
			f.Error("busy pages are dirty, or clean ones aged")
		}
		if _, longest := c.busy.find(chunkPages+1, false); longest > c.bound {
			f.Errorf("a free run of %d pages, bound is %d", longest, c.bound)
		}
		if _, longest := c.dirty.find(chunkPages+1, true); longest > c.dirtied {
			f.Errorf("a dirty run of %d pages, bound is %d", longest, c.dirtied)
		}
		if c.huge && (!c.lent.empty() || f.purgedInside(c)) {
			f.Error("a huge page is not charged whole")
		}
		lent += c.lent.bytes(0, chunkBytes)
		used += c.used
		dirty += c.dirty.count(0, chunkPages)
	}
	if f.used != used || f.dirty.Load() != int64(dirty) || f.space.Footprint.Now() != int64(used+dirty)*pageSize-lent {
		f.Errorf("%d pages used, %d dirty, %d charged; the chunks have %d and %d",
			f.used, f.dirty.Load(), f.space.Footprint.Now()/pageSize, used, dirty)
	}
}
