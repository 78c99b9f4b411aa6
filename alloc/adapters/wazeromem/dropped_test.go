// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// drop allocates n memories and drops them.
func drop(a *Allocator, n int) {
	for range n {
		a.Allocate(wasmPage, 16*wasmPage).Reallocate(wasmPage)[0] = 1
	}
}

// TestDropped: unreachable memories are freed and counted, reachable ones stay.
func TestDropped(t *testing.T) {
	vm.Require(t, vm.Guards)
	var memories Allocator
	kept := memories.Allocate(wasmPage, 16*wasmPage)
	kept.Reallocate(wasmPage)[5] = 7
	const dropped = 50
	drop(&memories, dropped)
	for memories.Lost() < dropped {
		runtime.GC() // cleanups run some time after
		runtime.Gosched()
	}
	if memories.Lost() != dropped || memories.InUse() != 1 {
		t.Errorf("%d lost, %d in use", memories.Lost(), memories.InUse())
	}
	if memories.Reserved() != 16*wasmPage || memories.Committed() != wasmPage {
		t.Errorf("%d bytes reserved, %d committed", memories.Reserved(), memories.Committed())
	}
	if b := kept.Reallocate(2 * wasmPage); b == nil || b[5] != 7 {
		t.Error("the memory that was kept is not what it was")
	}
	kept.Free()
	kept.Free()
	if memories.InUse() != 0 || memories.Reserved() != 0 || memories.Lost() != dropped {
		t.Errorf("%d in use, %d bytes reserved, %d lost", memories.InUse(), memories.Reserved(), memories.Lost())
	}
}

// TestDroppedAtLimit: when the limit is reached, dropped memories are freed, even if the
// collector would not have run by itself.
func TestDroppedAtLimit(t *testing.T) {
	vm.Require(t, vm.Guards)
	memories := Allocator{Limit: 20 * wasmPage}
	for range 100 {
		m, err := memories.TryAllocate(5*wasmPage, 16*wasmPage)
		if err != nil {
			t.Fatal(err)
		}
		if m.Reallocate(10*wasmPage) == nil {
			t.Fatal("it does not grow, though all others were dropped")
		}
	}
}

// TestDroppedMappings: when the kernel refuses mappings, dropped memories are freed.
func TestDroppedMappings(t *testing.T) {
	vm.Require(t, vm.Guards)
	for name, op := range map[string]vm.Op{"to reserve": vm.OpMap, "to commit": vm.OpProtect} {
		t.Run(name, func(t *testing.T) {
			var memories Allocator
			drop(&memories, 3)
			vm.Inject(func(o vm.Op) error { // as at vm.max_map_count
				if o == op && memories.InUse() >= 3 {
					return vm.ErrOutOfMemory
				}
				return nil
			})
			defer vm.Inject(nil)
			m, err := memories.TryAllocate(wasmPage, 16*wasmPage)
			if err != nil || memories.InUse() > 3 {
				t.Fatalf("%d in use: %v", memories.InUse(), err)
			}
			m.Free()
		})
	}
}

// TestMappingsAreNamed: if the kernel's limit of mappings is the cause, the error says so.
func TestMappingsAreNamed(t *testing.T) {
	vm.Require(t, vm.MappingLimit)
	var memories Allocator
	var all []*Memory
	for range vm.MaxMappings()/mappingsEach/2 + 1 {
		all = append(all, memories.Allocate(1, 1))
	}
	refuse(t, vm.OpMap, 1000)
	_, err := memories.TryAllocate(1, 1)
	if !errors.Is(err, alloc.ErrOutOfMemory) || !strings.Contains(err.Error(), "vm.max_map_count") {
		t.Error(err)
	}
	for _, m := range all {
		m.Free()
	}
	if memories.InUse() != 0 || memories.Lost() != 0 || memories.Reserved() != 0 {
		t.Errorf("%d in use, %d lost, %d bytes reserved", memories.InUse(), memories.Lost(), memories.Reserved())
	}
}
