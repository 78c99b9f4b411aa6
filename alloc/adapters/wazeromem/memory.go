// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"runtime"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A Memory is a linear memory. It is for one goroutine at a time: wazero holds a lock while a
// shared memory grows.
//
// The collector frees a Memory that is dropped without Free. An access to a slice from
// api.Memory.Read is a fault then. Keep the module while you use such slices, because the
// module keeps its Memory.
type Memory struct {
	*reservation // nil after Free
	cleanup      runtime.Cleanup
}

// A reservation is the address space of a Memory. It exists until it is released, even if the
// Memory is unreachable.
type reservation struct {
	owner     *Allocator
	mapping   vm.Mapping
	start     uintptr
	reserved  uint64 // bytes, whole pages
	committed uint64 // bytes, whole pages
}

// Reallocate returns the memory with a length of size bytes. Bytes that were never part of it
// are zero. The address is always the same. It returns nil if size exceeds the reserved size
// or the limit, if the kernel refuses, and after Free.
func (m *Memory) Reallocate(size uint64) []byte {
	defer runtime.KeepAlive(m) // otherwise the collector could free it during the call
	if m.reservation == nil || size > m.reserved || m.commit(size) != nil {
		return nil
	}
	return raw.Bytes(m.start, uintptr(m.committed))[:size]
}

// Free gives the memory back to the kernel. An access to it after Free is a fault. Further
// calls do nothing.
func (m *Memory) Free() {
	if m.reservation == nil {
		return
	}
	m.cleanup.Stop()
	m.owner.forget(m.reservation, false)
	m.reservation = nil
	runtime.KeepAlive(m) // otherwise the collector could count it as dropped
}

// commit makes the first size bytes accessible. If that fails, it frees dropped Memories and
// tries again.
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
	if err := space.Acquire(more); err != nil {
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
		// The kernel refused to take the address space back. Give the RAM back.
		_ = space.Purge(r.mapping.Base, r.mapping.Size, false)
	}
	space.Refund(uintptr(r.committed))
}
