// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A Memory is a linear memory. It is for one goroutine at a time, as wazero uses
// it: growth of a shared one happens under wazero's lock.
type Memory struct {
	owner     *Allocator
	mapping   vm.Mapping
	start     uintptr
	reserved  uint64 // bytes, whole pages
	committed uint64 // bytes, whole pages
}

// Reallocate returns the memory at a length of size bytes; what was never part of
// it is zero. The address is always the same. It returns nil if there is no more.
func (m *Memory) Reallocate(size uint64) []byte {
	if m.owner == nil || size > m.reserved || m.commit(size) != nil {
		return nil
	}
	return raw.Bytes(m.start, uintptr(m.committed))[:size]
}

// commit makes the first size bytes accessible.
func (m *Memory) commit(size uint64) error {
	if size <= m.committed {
		return nil
	}
	page := uint64(vm.PageSize())
	whole := (size + page - 1) &^ (page - 1)
	more := uintptr(whole - m.committed)
	space := &m.owner.space
	if err := space.Charge(more); err != nil {
		return err
	}
	if err := space.Protect(m.start+uintptr(m.committed), more, vm.ReadWrite); err != nil {
		space.Refund(more)
		return err
	}
	m.committed = whole
	return nil
}

// Free gives the memory back to the kernel. Nobody may use it any more.
func (m *Memory) Free() {
	if m.owner == nil {
		return
	}
	space := &m.owner.space
	if space.Release(m.mapping) != nil {
		// The kernel keeps the address space: at least its RAM goes back.
		_ = space.Purge(m.mapping.Base, m.mapping.Size, false)
	}
	space.Refund(uintptr(m.committed))
	*m = Memory{}
}
