// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestTable: keys whose hashes collide, wrap around the end, or take each other's slots are
// found until they are removed, and not after that.
func TestTable(t *testing.T) {
	var memory alloc.Allocator
	tab, err := newTable(&memory, minSlots, 1)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(8, 9))
	hashes := []uint64{13, 14, 15, 15, 31, 47, 0, 1, 0, 16, 15, 14 + 64}
	there := map[int]bool{}
	for step := range 5000 {
		n := random.IntN(len(hashes))
		key := fmt.Append(nil, n)
		i, ok := tab.find(hashes[n], key)
		if ok != there[n] {
			t.Fatalf("step %d: key %d is found: %v", step, n, ok)
		}
		if ok {
			e := tab.entry(i)
			tab.remove(i)
			memory.Free(e.pointer())
		} else {
			e, err := newEntry(&memory, key, nil, int64(n))
			if err != nil {
				t.Fatal(err)
			}
			if err := tab.reserve(); err != nil {
				t.Fatal(err)
			}
			tab.insert(hashes[n], e)
		}
		there[n] = !ok
		checkTable(t, &tab)
	}
	tab.free()
	if err := memory.Close(); err != nil {
		t.Error(err)
	}
}

// checkTable checks the equations of the table.
func checkTable(t *testing.T, tab *table) {
	t.Helper()
	used := 0
	for i, s := range tab.slots {
		if s.ref == 0 {
			continue
		}
		used++
		for j := tab.home(s.hash); j != i; j = tab.next(j) {
			if tab.slots[j].ref == 0 {
				t.Fatalf("slot %d is empty, between the place of the key in slot %d and that slot", j, i)
			}
		}
	}
	if used != tab.used || used > len(tab.slots)/4*3 {
		t.Fatalf("%d of %d slots are used, and %d are counted", used, len(tab.slots), tab.used)
	}
}
