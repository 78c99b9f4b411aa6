// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

var errInjected = errors.New("injected")

func fail(t *testing.T, op vm.Op) (stop func()) {
	vm.Inject(func(o vm.Op) error {
		if o == op {
			return errInjected
		}
		return nil
	})
	stop = func() { vm.Inject(nil) }
	t.Cleanup(stop)
	return stop
}

// If the kernel refuses memory, Alloc uses the rest of the current chunk and then fails.
// It works again as soon as the kernel supplies memory.
func TestMapFails(t *testing.T) {
	const size = 60000 // one object fills a slab
	Free(alloc(t, size), size)
	before := InUse()
	stop := fail(t, vm.OpMap)
	var objects []uintptr
	var err error
	for err == nil && len(objects) <= slabs*int(Space.Mappings.Now()) { // idle slabs are used first
		var p uintptr
		if p, err = Alloc(size); err == nil {
			objects = append(objects, p)
		}
	}
	if !errors.Is(err, errInjected) {
		t.Fatalf("after %d objects: %v", len(objects), err)
	}
	inUse := InUse()
	if _, err := Alloc(size); !errors.Is(err, errInjected) || InUse() != inUse {
		t.Errorf("a second failure: %v, %d bytes in use, want %d", err, InUse(), inUse)
	}
	stop()
	objects = append(objects, alloc(t, size))
	freeAll(objects, size)
	if n := InUse(); n != before {
		t.Errorf("%d bytes in use at the end, %d before", n, before)
	}
}

// TestEveryMapFails makes all kernel calls fail from the n-th on, until an Alloc has failed
// twice. Then the kernel supplies memory, and the Alloc succeeds. No byte may be lost.
func TestEveryMapFails(t *testing.T) {
	size := uintptr(MaxSize) // of the last object; each has another size, so it needs a mapping
	for n, failed := 0, 1; failed > 0; n++ {
		before, calls, live := InUse(), 0, uintptr(0)
		vm.Inject(func(vm.Op) error {
			if calls++; calls > n {
				return errInjected
			}
			return nil
		})
		t.Cleanup(func() { vm.Inject(nil) })
		failed = 0
		objects := map[uintptr]uintptr{}
		for range 4 {
			size += vm.PageSize()
			var p uintptr
			_, wrong := vm.Insist(func() (err error) {
				p, err = Alloc(size)
				return err
			}, func(err error) error {
				if errors.Is(err, vm.ErrUnsupported) {
					t.Skip(err)
				}
				if failed++; InUse() != before+int(live) || !errors.Is(err, errInjected) {
					return fmt.Errorf("%w; %d bytes in use, want %d and %d", err, InUse(), before, live)
				}
				return nil
			}, nil)
			if wrong != nil {
				t.Fatal(wrong)
			}
			if !holds(p, size, 0) {
				t.Fatalf("an object of %d bytes is not zero", size)
			}
			objects[p] = size
			live += wholePages(size)
		}
		vm.Inject(nil)
		for p, size := range objects {
			Free(p, size)
		}
		if got := InUse(); got != before {
			t.Fatalf("%d bytes in use at the end, %d before", got, before)
		}
	}
	Purge()
}

// If the kernel refuses a purge, the slab stays idle and dirty, and is still counted.
func TestPurgeFails(t *testing.T) {
	const size = 60000
	Purge()
	before := Space.Footprint.Now()
	p := alloc(t, size)
	fill(p, size, 0xee)
	Free(p, size)
	dirty := Space.Footprint.Now()
	stop := fail(t, vm.OpPurge)
	if n := Purge(); n != 0 || Space.Footprint.Now() != dirty {
		t.Errorf("a failing purge returned %d bytes, footprint %d, want 0 and %d", n, Space.Footprint.Now(), dirty)
	}
	again := alloc(t, size)
	if again != p || !holds(again, size, 0) {
		t.Errorf("the idle slab at %#x was not reused or not zeroed: got %#x", p, again)
	}
	stop()
	Free(again, size)
	Purge()
	if n := Space.Footprint.Now(); n != before {
		t.Errorf("footprint %d after the purge, %d before", n, before)
	}
}
