// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const wasmPage = 64 << 10 // bytes

// TestGrow: a memory grows to its maximum where it is, zero where it is new.
func TestGrow(t *testing.T) {
	vm.Require(t, vm.Guards)
	var memories Allocator
	const limit = 16 * wasmPage
	m := memories.Allocate(wasmPage, limit)
	defer m.Free()
	base := unsafe.SliceData(m.Reallocate(0))
	for size := uint64(wasmPage); size <= limit; size += wasmPage {
		b := m.Reallocate(size)
		if uint64(len(b)) != size || unsafe.SliceData(b) != base {
			t.Fatalf("%d bytes: %d at %p, not %p", size, len(b), b, base)
		}
		for i, c := range b[size-wasmPage:] {
			if c != 0 {
				t.Fatalf("byte %d of the new page is %d", i, c)
			}
		}
		for i := range b {
			b[i] = 0xff
		}
	}
	if m.Reallocate(limit+1) != nil {
		t.Error("it grows beyond its maximum")
	}
	if b := m.Reallocate(10); len(b) != 10 {
		t.Errorf("it cannot be shorter: %d bytes", len(b))
	}
	if memories.Reserved() != limit || memories.Committed() != limit {
		t.Errorf("%d bytes reserved, %d committed", memories.Reserved(), memories.Committed())
	}
}

// TestLimit: the limit applies to the committed bytes of all memories together.
func TestLimit(t *testing.T) {
	vm.Require(t, vm.Guards)
	memories := Allocator{Limit: 3 * wasmPage}
	first := memories.Allocate(wasmPage, 1<<30)
	second := memories.Allocate(wasmPage, 1<<30)
	if first.Reallocate(2*wasmPage) == nil {
		t.Error("it does not grow to the limit")
	}
	if second.Reallocate(2*wasmPage) != nil {
		t.Error("it grows beyond the limit")
	}
	first.Free()
	first.Free()
	if second.Reallocate(3*wasmPage) == nil {
		t.Error("it does not grow when there is room again")
	}
	if first.Reallocate(1) != nil {
		t.Error("a freed memory grows")
	}
	second.Free()
	if memories.Reserved() != 0 || memories.Committed() != 0 {
		t.Errorf("%d bytes reserved, %d committed", memories.Reserved(), memories.Committed())
	}
}

// refuse makes the next n calls of one kind fail.
func refuse(t *testing.T, op vm.Op, n int) {
	vm.Inject(func(o vm.Op) error {
		if o == op && n > 0 {
			n--
			return vm.ErrOutOfMemory
		}
		return nil
	})
	t.Cleanup(func() { vm.Inject(nil) })
}

// TestReservationFails: if the maximum cannot be reserved, less is reserved.
func TestReservationFails(t *testing.T) {
	vm.Require(t, vm.Guards)
	var memories Allocator
	refuse(t, vm.OpMap, 2)
	m := memories.Allocate(wasmPage, 16*wasmPage)
	defer m.Free()
	if memories.Reserved() != 4*wasmPage {
		t.Errorf("%d bytes reserved", memories.Reserved())
	}
	if m.Reallocate(4*wasmPage) == nil || m.Reallocate(5*wasmPage) != nil {
		t.Error("it does not grow to what was reserved and no further")
	}
}

func TestNothingToBeHad(t *testing.T) {
	vm.Require(t, vm.Guards)
	for name, op := range map[string]vm.Op{"no address space": vm.OpMap, "no memory": vm.OpProtect} {
		t.Run(name, func(t *testing.T) {
			var memories Allocator
			refuse(t, op, 1000)
			defer func() {
				err, _ := recover().(error)
				var e *alloc.Error
				if !errors.As(err, &e) || !errors.Is(err, alloc.ErrOutOfMemory) {
					t.Errorf("it ends with %v", err)
				}
				if memories.Reserved() != 0 || memories.Committed() != 0 {
					t.Errorf("%d bytes reserved, %d committed", memories.Reserved(), memories.Committed())
				}
			}()
			memories.Allocate(wasmPage, 16*wasmPage)
		})
	}
}

// TestGrowthFails: growth that the kernel refused can be tried again.
func TestGrowthFails(t *testing.T) {
	vm.Require(t, vm.Guards)
	var memories Allocator
	m := memories.Allocate(wasmPage, 16*wasmPage)
	defer m.Free()
	refuse(t, vm.OpProtect, 1)
	if m.Reallocate(2*wasmPage) != nil {
		t.Error("it grew though the kernel refused")
	}
	if memories.Committed() != wasmPage {
		t.Errorf("%d bytes committed", memories.Committed())
	}
	if m.Reallocate(2*wasmPage) == nil {
		t.Error("it does not grow afterwards")
	}
}

// TestWithoutGuards: where the platform has no inaccessible pages, the error says so.
func TestWithoutGuards(t *testing.T) {
	if vm.Able(vm.Guards) {
		t.Skip("this platform has guard pages")
	}
	var a Allocator
	if _, err := a.TryAllocate(64<<10, 1<<20); !errors.Is(err, alloc.ErrUnsupported) || !strings.Contains(err.Error(), vm.Platform()) {
		t.Errorf("TryAllocate: %v, want ErrUnsupported and the platform", err)
	}
}
