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

// number returns which group of t is at g.
func (l layout[K, V]) number(t *table, g unsafe.Pointer) uintptr {
	return (uintptr(g) - uintptr(unsafe.Pointer(t)) - tableHead) / l.group()
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

// move copies the slot at from into t, which has room for it and no such key. It returns the group.
func (m *Map[K, V]) move(t *table, hash uint64, from unsafe.Pointer) (group unsafe.Pointer, slot uintptr) {
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
	return g, i
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

// makeRoom makes an empty slot for a key with this hash, which belongs in the table t. t has none left.
func (m *Map[K, V]) makeRoom(t *table, hash uint64) (err error) {
	groups, full := uintptr(t.groups), t.used > t.capacity()/4*3 // otherwise the rest are deleted
	if full && groups < m.layout.maxGroups() {                   // it is the only one
		groups *= 2
	}
	if groups > uintptr(t.groups) || t.pins.Load() > 0 { // an iteration goes on in t
		if t, err = m.replace(t, groups, hash); err != nil || t.left > 0 {
			return err
		}
	}
	if full {
		return m.split(t, hash)
	}
	m.divide(t, nil)
	return nil
}

// replace moves the entries of t to a new table.
func (m *Map[K, V]) replace(t *table, groups uintptr, hash uint64) (*table, error) {
	fresh, err := m.newTable(groups, t.depth)
	if err != nil {
		return nil, err
	}
	m.eachSlot(t, func(s unsafe.Pointer) { m.move(fresh, m.hasher.hash((*K)(s)), s) })
	m.groupMask = groups - 1
	m.put(fresh, hash)
	m.freeTable(t)
	m.checkTable(fresh)
	return fresh, nil
}

// split moves about half of the entries of t to a new table, by one more bit of their hashes.
func (m *Map[K, V]) split(t *table, hash uint64) error {
	if t.depth == m.depth {
		if err := m.deepen(); err != nil {
			return err
		}
	}
	half, err := m.newTable(uintptr(t.groups), t.depth+1)
	if err != nil {
		return err
	}
	m.divide(t, half)
	t.depth++
	m.put(half, hash&(1<<(t.depth-1)-1)|1<<(t.depth-1))
	m.checkTable(t)
	m.checkTable(half)
	return nil
}

// divide makes all deleted slots of t empty. If half is not nil, it moves the entries to it whose hashes
// have the bit after those that all of t have in common.
//
// Now there are empty slots in groups that were full, and searches end there. So the entries that are not in
// the first group of their search may have to move nearer to it.
func (m *Map[K, V]) divide(t, half *table) {
	var strays [maxTableSlots]uint16 // numbers of slots
	n := 0
	for i := range uintptr(t.groups) {
		g := m.layout.in(t, i)
		c := (*control)(g)
		var leaving control
		var hashes [groupSlots]uint64
		for set := c.full(); set != 0; set &= set - 1 {
			slot := set.first()
			key := (*K)(m.layout.at(g, slot))
			hash := m.hasher.hash(key)
			hashes[slot] = hash
			leaving |= set & -set * control(hash>>t.depth&1)
			if home(hash)&m.groupMask != i && *key == *key { // NaN is never searched for
				strays[n] = uint16(i*groupSlots + slot)
				n++
			}
		}
		*c = c.withoutDeleted()
		if half == nil {
			continue
		}
		for set := leaving; set != 0; set &= set - 1 {
			slot := set.first()
			m.move(half, hashes[slot], m.layout.at(g, slot))
			*c = c.with(slot, empty)
			t.used--
		}
	}
	t.left = t.capacity() - t.used
	m.settle(t, strays[:n])
}

// settle takes the entries in the slots with these numbers out and puts them in again, until none of them
// changes its group: each has then no empty slot on the way of its search.
func (m *Map[K, V]) settle(t *table, slots []uint16) {
	for again := true; again; {
		again = false
		for i, number := range slots {
			g, slot := m.layout.in(t, uintptr(number/groupSlots)), uintptr(number%groupSlots)
			c := (*control)(g)
			if c.slot(slot) == empty { // it is no longer in t
				continue
			}
			*c = c.with(slot, empty)
			t.left++
			t.used--
			s := m.layout.at(g, slot)
			to, slot := m.move(t, m.hasher.hash((*K)(s)), s)
			slots[i] = uint16(m.layout.number(t, to)*groupSlots + slot)
			again = again || to != g
		}
	}
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
