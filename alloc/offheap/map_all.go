// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"iter"
	"math/bits"
	"unsafe"
)

// A cursor is the reverse of the low bits that the hashes of a table's keys have in common. So
// tables that are split while an iteration runs keep their place in the order.

// tableAt returns the table at a cursor.
func (m *Map[K, V]) tableAt(cursor uint64) *table { return m.table(bits.Reverse64(cursor)) }

// after returns the cursor of the table after one with this depth. more is false at the end.
func after(cursor uint64, depth uint8) (next uint64, more bool) {
	if depth == 0 {
		return 0, false
	}
	next = cursor + 1<<(64-depth)
	return next, next != 0
}

// All returns all keys and values, in no order. The body of the loop may read, set and delete any
// entry, as with Go's map: an entry that is deleted before it is reached is not returned, and one
// that is added may be returned or not. All others are returned once. The pointer leads to the
// value itself, and is valid until the body changes the Map.
func (m *Map[K, V]) All() iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		m.state.read("Map.All")
		for cursor, more := uint64(0), true; more && m.state != closed; {
			t := m.tableAt(cursor)
			cursor, more = after(cursor, t.depth)
			if !m.visit(t, yield) {
				return
			}
		}
	}
}

// visit yields the entries of a table. If the loop's body makes the Map replace the table, the
// table stays until visit ends. Its keys are then searched for in the Map.
func (m *Map[K, V]) visit(t *table, yield func(K, *V) bool) bool {
	t.pins.Add(1)
	defer m.unpin(t)
	for i := range uintptr(t.groups) {
		g := m.layout.in(t, i)
		for slot := range uintptr(groupSlots) {
			if (*(*control)(g)).full()>>(8*slot)&0x80 == 0 {
				continue
			}
			s := m.layout.at(g, slot)
			key := *(*K)(s)
			if t.dead {
				if m.state == closed {
					return false
				}
				if s = m.find(m.hasher.hash(&key), &key); s == nil {
					continue
				}
			}
			if !yield(key, m.layout.value(s)) {
				return false
			}
		}
	}
	return true
}

func (m *Map[K, V]) unpin(t *table) {
	if t.pins.Add(-1) == 0 && t.dead {
		m.memory.Free(unsafe.Pointer(t))
	}
}
