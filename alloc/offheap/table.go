// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A table is the head of a block that holds a table of a Map. Its groups follow.
type table struct {
	groups uint32       // a power of two
	used   uint32       // full slots
	left   uint32       // empty slots that may become full
	pins   atomic.Int32 // iterations that are in this table; readers count at once
	depth  uint8        // the hashes of all its keys have this many low bits in common
	dead   bool         // no longer in the directory: to be freed by the last iteration
}

// tableHead is the offset of a table's groups, a multiple of 8.
const tableHead = (unsafe.Sizeof(table{}) + 7) &^ 7

// capacity returns how many slots may be full or deleted: 7/8 of all.
func (t *table) capacity() uint32 { return t.groups * groupSlots / 8 * 7 }

// group returns group i.
func (l layout[K, V]) in(t *table, i uintptr) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(t), tableHead+i*l.group())
}

// newTable returns an empty table.
func (m *Map[K, V]) newTable(groups uintptr, depth uint8) (*table, error) {
	p, err := m.memory.Malloc(int(tableHead + groups*m.layout.group()))
	if err != nil {
		return nil, err
	}
	t := (*table)(p)
	t.groups, t.used, t.depth, t.dead = uint32(groups), 0, depth, false
	t.pins.Store(0)
	t.left = t.capacity()
	for i := range groups {
		*(*control)(m.layout.in(t, i)) = allEmpty
	}
	return t, nil
}

// freeTable frees a table but not the values that its slots lead to.
func (m *Map[K, V]) freeTable(t *table) {
	if t.pins.Load() > 0 {
		t.dead = true
		return
	}
	m.memory.Free(unsafe.Pointer(t))
}

// freeValues frees the values that have blocks of their own.
func (m *Map[K, V]) freeValues(t *table) {
	if m.layout.inline() {
		return
	}
	m.eachSlot(t, func(s unsafe.Pointer) { m.memory.Free(m.layout.address(s).Pointer()) })
}

// eachSlot calls f for each full slot.
func (m *Map[K, V]) eachSlot(t *table, f func(slot unsafe.Pointer)) {
	for i := range uintptr(t.groups) {
		g := m.layout.in(t, i)
		for set := (*(*control)(g)).full(); set != 0; set &= set - 1 {
			f(m.layout.at(g, set.first()))
		}
	}
}

// move copies the slot at from into t, which has room for it and no such key.
func (m *Map[K, V]) move(t *table, hash uint64, from unsafe.Pointer) {
	g, i := m.vacancy(t, hash)
	t.left--
	t.used++
	c := (*control)(g)
	*c = c.with(i, tag(hash))
	to := m.layout.at(g, i)
	if m.layout.inline() {
		*(*near[K, V])(to) = *(*near[K, V])(from)
	} else {
		*(*far[K])(to) = *(*far[K])(from)
	}
}

// vacancy returns the first slot of the probe sequence that is not full.
func (m *Map[K, V]) vacancy(t *table, hash uint64) (group unsafe.Pointer, slot uintptr) {
	mask := uintptr(t.groups) - 1
	for at, step := home(hash)&mask, uintptr(1); ; at, step = (at+step)&mask, step+1 {
		g := m.layout.in(t, at)
		if set := (*(*control)(g)).vacant(); set != 0 {
			return g, set.first()
		}
	}
}

// home returns the number of the group at which a search begins, modulo the number of groups.
func home(hash uint64) uintptr { return uintptr(hash>>32) >> 9 }

// makeRoom replaces the table t, which has no empty slot left, by one or two that have. hash
// is that of a key that belongs in it.
func (m *Map[K, V]) makeRoom(t *table, hash uint64) error {
	switch {
	case t.used <= t.capacity()/4*3: // the rest are deleted
		return m.rebuild(t, uintptr(t.groups), hash)
	case uintptr(t.groups) < m.layout.maxGroups(): // it is the only one
		return m.rebuild(t, 2*uintptr(t.groups), hash)
	}
	return m.split(t, hash)
}

// rebuild moves the entries of t to a new table.
func (m *Map[K, V]) rebuild(t *table, groups uintptr, hash uint64) error {
	fresh, err := m.newTable(groups, t.depth)
	if err != nil {
		return err
	}
	m.eachSlot(t, func(s unsafe.Pointer) { m.move(fresh, m.hasher.hash((*K)(s)), s) })
	if m.depth == 0 {
		m.groupMask = groups - 1
	}
	m.put(fresh, hash)
	m.freeTable(t)
	m.checkTable(fresh)
	return nil
}

// split moves the entries of t to two new tables, by one more bit of their hashes.
func (m *Map[K, V]) split(t *table, hash uint64) error {
	if t.depth == m.depth {
		if err := m.deepen(); err != nil {
			return err
		}
	}
	var halves [2]*table
	for i := range halves {
		half, err := m.newTable(uintptr(t.groups), t.depth+1)
		if err != nil {
			if i > 0 {
				m.freeTable(halves[0])
			}
			return err
		}
		halves[i] = half
	}
	m.eachSlot(t, func(s unsafe.Pointer) {
		h := m.hasher.hash((*K)(s))
		m.move(halves[h>>t.depth&1], h, s)
	})
	for i, half := range halves {
		m.put(half, hash&^(1<<t.depth)|uint64(i)<<t.depth)
	}
	m.freeTable(t)
	m.checkTable(halves[0])
	m.checkTable(halves[1])
	return nil
}

// put makes t the table of all hashes that agree with hash in t's depth low bits.
func (m *Map[K, V]) put(t *table, hash uint64) {
	for i := hash & (1<<t.depth - 1); i < uint64(len(m.directory)); i += 1 << t.depth {
		m.directory[i] = alloc.AddressOf(unsafe.Pointer(t))
	}
}

// copied is how many entries of the directory an insertion copies after the directory has doubled.
const copied = 64

// deepen doubles the directory. An entry of the new half is 0 until fill copies it or put sets
// it, and then the entry of the old half holds. A short directory is copied at once, and a long
// one by later insertions.
func (m *Map[K, V]) deepen() error {
	for m.filled < len(m.directory) {
		m.fill()
	}
	longer, err := alloc.Resize(m.memory, m.directory, 2*len(m.directory))
	if err != nil {
		return err
	}
	m.directory = longer
	m.depth++
	for range 8 {
		m.fill()
	}
	return nil
}

// fill copies the next entries to the new half of the directory.
func (m *Map[K, V]) fill() {
	half := len(m.directory) / 2
	for end := min(m.filled+copied, 2*half); m.filled < end; m.filled++ {
		if m.directory[m.filled] == 0 {
			m.directory[m.filled] = m.directory[m.filled-half]
		}
	}
}
