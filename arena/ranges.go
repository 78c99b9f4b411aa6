// SPDX-License-Identifier: Apache-2.0

package arena

import "sync"

// arenaMemory has the memory of all arenas. storeMemory has the memory of all Files and
// SharedArenas. Clone looks up addresses in them.
var (
	arenaMemory = ranges{shift: 24}
	storeMemory = ranges{shift: 40}
)

// A ranges is a set of address ranges that do not overlap. Each range is listed under every
// granule of the address space that it touches: one or two granules.
type ranges struct {
	shift uint // a granule has 1 << shift bytes

	mu       sync.RWMutex
	granules map[uintptr][]span
}

// A span is the address range [base, limit).
type span struct{ base, limit uintptr }

// add adds the size bytes at base to the set.
func (r *ranges) add(base, size uintptr) {
	s := span{base, base + size}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.granules == nil {
		r.granules = map[uintptr][]span{}
	}
	for g := base >> r.shift; g <= (s.limit-1)>>r.shift; g++ {
		r.granules[g] = append(r.granules[g], s)
	}
}

// remove removes a range that add(base, size) added.
func (r *ranges) remove(base, size uintptr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for g := base >> r.shift; g <= (base+size-1)>>r.shift; g++ {
		list := r.granules[g]
		for i := range list {
			if list[i].base == base {
				list[i] = list[len(list)-1]
				r.granules[g] = list[:len(list)-1]
				break
			}
		}
	}
}

// contains reports whether addr is in the set.
func (r *ranges) contains(addr uintptr) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range r.granules[addr>>r.shift] {
		if addr-s.base < s.limit-s.base {
			return true
		}
	}
	return false
}
