// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"runtime"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A Memory is a linear memory. It is for one goroutine at a time, as wazero uses
// it: growth of a shared one happens under wazero's lock.
//
// The collector frees a Memory that is dropped without Free. What wazero returned of it
// (api.Memory.Read) must not be used without the module, which keeps its Memory.
type Memory struct {
	*reservation // nil after Free
	cleanup      runtime.Cleanup
}

// A reservation is the address space of a Memory, and outlives it if it is dropped.
type reservation struct {
	owner     *Allocator
	mapping   vm.Mapping
	start     uintptr
	reserved  uint64 // bytes, whole pages
	committed uint64 // bytes, whole pages
}

// Reallocate returns the memory at a length of size bytes; what was never part of
// it is zero. The address is always the same. It returns nil if there is no more.
func (m *Memory) Reallocate(size uint64) []byte {
	defer runtime.KeepAlive(m) // of which only the reservation is used from here on
	if m.reservation == nil || size > m.reserved || m.commit(size) != nil {
		return nil
	}
	return raw.Bytes(m.start, uintptr(m.committed))[:size]
}

// Free gives the memory back to the kernel. Nobody may use it any more.
func (m *Memory) Free() {
	if m.reservation == nil {
		return
	}
	m.cleanup.Stop()
	m.owner.forget(m.reservation, false)
	m.reservation = nil
	runtime.KeepAlive(m) // or it might be taken for dropped meanwhile
}

// commit makes the first size bytes accessible. When memory is short it looks for
// Memories that were dropped.
func (r *reservation) commit(size uint64) error {
	err := r.tryCommit(size)
	if err != nil && r.owner.reclaim(false) {
		err = r.tryCommit(size)
	}
	return err
}

func (r *reservation) tryCommit(size uint64) error {
	if size <= r.committed {
		return nil
	}
	page := uint64(vm.PageSize())
	whole := (size + page - 1) &^ (page - 1)
	more := uintptr(whole - r.committed)
	space := &r.owner.space
	if err := space.Hold(more); err != nil {
		return err
	}
	if err := space.Protect(r.start+uintptr(r.committed), more, vm.ReadWrite); err != nil {
		space.Drop(more)
		return err
	}
	space.Confirm(more)
	r.committed = whole
	return nil
}

// release gives everything back to the kernel.
func (r *reservation) release() {
	space := &r.owner.space
	if space.Release(r.mapping) != nil {
		// The kernel keeps the address space: at least its RAM goes back.
		_ = space.Purge(r.mapping.Base, r.mapping.Size, false)
	}
	space.Refund(uintptr(r.committed))
}
