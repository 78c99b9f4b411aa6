// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"weak"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// An Allocator makes linear memories. The zero value is ready for use and has no
// limit. It is safe for concurrent use.
type Allocator struct {
	// Limit is the largest number of committed bytes of all memories together. 0 means no
	// limit. Set it before the first use.
	Limit int64

	space vm.Space // its footprint is the committed bytes

	mu     sync.Mutex
	lost   int64
	live   map[*reservation]weak.Pointer[Memory] // reservations that are not released
	recent int                                   // memories made since the last reclaim
}

// Reserved returns the bytes of address space that its memories hold.
func (a *Allocator) Reserved() int64 { return a.space.Mapped.Now() }

// Committed returns the bytes of its memories that are accessible. These may occupy RAM.
func (a *Allocator) Committed() int64 { return a.space.Footprint.Now() }

// InUse returns the number of its memories that are neither freed nor lost.
func (a *Allocator) InUse() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.live)
}

// Lost returns the number of its memories that were dropped without Free, and freed when the
// collector found them unreachable.
func (a *Allocator) Lost() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lost
}

// Allocate does what TryAllocate does, and panics with the error, because wazero's interface
// has no error result.
func (a *Allocator) Allocate(initial, maximum uint64) *Memory {
	m, err := a.TryAllocate(initial, maximum)
	if err != nil {
		panic(err)
	}
	return m
}

// TryAllocate returns a linear memory of initial accessible bytes. It can grow to maximum
// bytes, or to the size that could be reserved if that is less. If the initial bytes are not
// available, TryAllocate frees dropped memories and tries again. Then it returns an
// *alloc.Error, which wraps alloc.ErrOutOfMemory or alloc.ErrLimit.
func (a *Allocator) TryAllocate(initial, maximum uint64) (*Memory, error) {
	m, err := a.allocate(initial, max(initial, maximum))
	if err != nil && initial <= math.MaxInt && a.reclaim(true) {
		m, err = a.allocate(initial, max(initial, maximum))
	}
	if err != nil {
		return nil, &alloc.Error{Op: "wazero memory", Size: int(min(initial, math.MaxInt)), Err: a.describe(err)}
	}
	return m, nil
}

// mappingsEach is the number of the kernel's mappings for a Memory: one for the accessible
// bytes, and one for the reserved bytes.
const mappingsEach = 2

// describe adds to an error for lack of memory that the number of mappings may be the cause.
func (a *Allocator) describe(err error) error {
	n, limit := int64(a.InUse()), vm.MaxMappings()
	if !errors.Is(err, alloc.ErrOutOfMemory) || n*mappingsEach < limit/2 {
		return err
	}
	return fmt.Errorf("%w (%d linear memories are in use, with %d mappings each, and the kernel allows %d: "+
		"close modules, or raise vm.max_map_count)", err, n, mappingsEach, limit)
}

// allocate does what TryAllocate does, without the second attempt.
func (a *Allocator) allocate(initial, maximum uint64) (*Memory, error) {
	r, err := a.reserve(initial, maximum)
	if err != nil {
		return nil, err
	}
	if err := r.tryCommit(initial); err != nil {
		r.release()
		return nil, err
	}
	return a.enter(r), nil
}

// reserve reserves maximum bytes. If that fails, it tries half of them, and so on, down to
// initial bytes.
func (a *Allocator) reserve(initial, maximum uint64) (*reservation, error) {
	if initial > math.MaxInt {
		return nil, alloc.ErrOutOfMemory
	}
	page := uint64(vm.PageSize())
	a.space.SetLimit(a.Limit)
	looked := false
	for size := min(maximum, math.MaxInt&^(page-1)); ; size = max(size/2, initial) {
		whole := (max(size, 1) + page - 1) &^ (page - 1)
		start, mapping, err := a.space.Reserve(uintptr(whole), uintptr(page), vm.Kind{})
		if err != nil && !looked && a.reclaim(false) {
			start, mapping, err = a.space.Reserve(uintptr(whole), uintptr(page), vm.Kind{})
		}
		looked = true
		if err == nil {
			return &reservation{owner: a, mapping: mapping, start: start, reserved: whole}, nil
		}
		if size <= initial {
			return nil, err
		}
	}
}
