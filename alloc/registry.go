// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/pagemap"
)

// allocators are the Allocators that are in use, by identity: from their start to their
// Close. One that the program dropped without Close stays: so does its memory.
var allocators allocatorTable

// An allocatorTable is read without a lock. It is replaced when it is full.
type allocatorTable struct {
	mu  sync.Mutex                                  // taken to change it
	all atomic.Pointer[[]atomic.Pointer[Allocator]] // by identity
}

// set makes a the Allocator of an identity; nil for none.
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

// get returns the Allocator of an identity, nil if there is none any more.
func (t *allocatorTable) get(id uintptr) *Allocator {
	if all := t.all.Load(); all != nil && id < uintptr(len(*all)) {
		return (*all)[id].Load()
	}
	return nil
}

// nameAt returns the name of the Allocator whose memory addr is in, "" if it has none.
func nameAt(addr uintptr) string {
	if a := allocatorOf(addr); a != nil {
		return a.options.Name
	}
	return ""
}

// allocatorOf returns the Allocator whose block begins at addr, live or free; nil if there
// is none.
func allocatorOf(addr uintptr) *Allocator {
	if h := pagemap.HeaderOf(addr); h != nil {
		return allocators.get(h.Owner)
	}
	return nil
}
