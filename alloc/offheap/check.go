// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/invariants"
)

// check checks the equations of the package documentation.
func (m *Map[K, V]) check() error {
	count := 0
	for cursor, more := uint64(0), true; more; {
		t := m.tableAt(cursor)
		if err := m.examine(t, cursor); err != nil {
			return err
		}
		count += int(t.used)
		cursor, more = after(cursor, t.depth)
	}
	if count != m.count {
		return fmt.Errorf("the tables have %d entries, and %d are counted", count, m.count)
	}
	return nil
}

// examine checks the table at a cursor.
func (m *Map[K, V]) examine(t *table, cursor uint64) (err error) {
	if t.depth > m.depth || uintptr(t.groups)-1 != m.groupMask || t.dead {
		return fmt.Errorf("a table has depth %d of %d, %d groups of %d, dead %v",
			t.depth, m.depth, t.groups, m.groupMask+1, t.dead)
	}
	used, vacant := uint32(0), uint32(0)
	for i := range uintptr(t.groups) {
		for set := (*(*control)(m.layout.in(t, i))).empties(); set != 0; set &= set - 1 {
			vacant++
		}
	}
	m.eachSlot(t, func(s unsafe.Pointer) {
		used++
		key := (*K)(s)
		if hash := m.hasher.hash(key); *key == *key && // not NaN
			(m.table(hash) != t || m.find(hash, key) != s) {
			err = fmt.Errorf("the search for key %v does not find it", *key)
		}
	})
	if used != t.used || vacant != t.left+t.groups*groupSlots-t.capacity() {
		err = fmt.Errorf("of %d slots %d are full and %d empty, and %d and %d are counted",
			t.groups*groupSlots, used, vacant, t.used, t.left)
	}
	return err
}

// checkTable checks a new table in builds that check invariants.
func (m *Map[K, V]) checkTable(t *table) {
	if invariants.Enabled {
		if err := m.examine(t, 0); err != nil {
			panic(err)
		}
	}
}
