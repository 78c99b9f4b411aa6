// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"math"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// An Allocator makes linear memories. The zero value is ready for use and has no
// limit. It is safe for concurrent use.
type Allocator struct {
	// Limit bounds the committed bytes of all its memories; 0: no limit. It is not
	// to be changed after the first use.
	Limit int64

	space vm.Space // its footprint is what is committed
}

// Reserved returns the bytes of address space that its memories hold.
func (a *Allocator) Reserved() int64 { return a.space.Mapped.Now() }

// Committed returns the bytes of its memories that were made accessible, and so
// may occupy RAM.
func (a *Allocator) Committed() int64 { return a.space.Footprint.Now() }

// Allocate returns a linear memory of initial accessible bytes that can grow to
// most bytes, or to what could be reserved. It panics with an *alloc.Error if that
// is less than the initial bytes.
func (a *Allocator) Allocate(initial, most uint64) *Memory {
	m, err := a.reserve(initial, max(initial, most))
	if err == nil {
		err = m.commit(initial)
	}
	if err != nil {
		if m != nil {
			m.Free()
		}
		panic(&alloc.Error{Op: "wazero memory", Size: int(min(initial, math.MaxInt)), Err: err})
	}
	return m
}

// reserve reserves most bytes, or half of them, and so on, down to initial.
func (a *Allocator) reserve(initial, most uint64) (*Memory, error) {
	if initial > math.MaxInt {
		return nil, alloc.ErrOutOfMemory
	}
	page := uint64(vm.PageSize())
	a.space.SetLimit(a.Limit)
	for size := min(most, math.MaxInt&^(page-1)); ; size = max(size/2, initial) {
		whole := (max(size, 1) + page - 1) &^ (page - 1)
		start, mapping, err := a.space.Reserve(uintptr(whole), uintptr(page))
		if err == nil {
			return &Memory{owner: a, mapping: mapping, start: start, reserved: whole}, nil
		}
		if size <= initial {
			return nil, err
		}
	}
}
