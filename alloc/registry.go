// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/interleave"
)

// allocators holds the Allocators that are in use, by identity. An Allocator is in the table
// from its start until its Close. If the program drops an Allocator without Close, the
// Allocator stays in the table and its memory stays mapped.
var allocators allocatorTable

// An allocatorTable maps identities to Allocators. Readers take no lock. When the array is
// full, set replaces it with a larger one.
type allocatorTable struct {
	mu  interleave.Mutex                            // held while the table changes
	all atomic.Pointer[[]atomic.Pointer[Allocator]] // indexed by identity
}

// set stores a as the Allocator with the identity id. If a is nil, set removes the entry.
func (t *allocatorTable) set(id uintptr, a *Allocator) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []atomic.Pointer[Allocator]
	if now := t.all.Load(); now != nil {
		all = *now
	}
	if id >= uintptr(len(all)) {
		more := make([]atomic.Pointer[Allocator], max(2*id, 16))
		for i := range all {
			more[i].Store(all[i].Load())
		}
		all = more
		t.all.Store(&all)
	}
	all[id].Store(a)
}

// get returns the Allocator with the identity id. It returns nil if no Allocator in use has it.
func (t *allocatorTable) get(id uintptr) *Allocator {
	if all := t.all.Load(); all != nil && id < uintptr(len(*all)) {
		return (*all)[id].Load()
	}
	return nil
}

// nameAt returns the name of the Allocator for whose memory the page map has an entry at addr.
// It returns "" if the Allocator has no name, or if there is no entry. Callers may hold the lock
// of a checker.
func nameAt(addr uintptr) string {
	r := resolve(addr, anyOwner)
	if a := r.allocator(); a != nil {
		return a.options.Name
	}
	return ""
}

// allocatorOf returns the Allocator whose block, live or free, begins at addr. It returns nil
// if there is none.
func allocatorOf(addr uintptr) *Allocator {
	r := resolve(addr, anyOwner)
	if k := checkerOf(&r); k != nil { // its block can begin in a page that has no entry
		return k.a
	}
	return r.allocator()
}

// allocator returns the Allocator that owns the memory by the page map, or nil.
func (r *resident) allocator() *Allocator {
	if r.d == 0 || r.isBeforeLarge() {
		return nil
	}
	return allocators.get(r.header().Owner)
}
