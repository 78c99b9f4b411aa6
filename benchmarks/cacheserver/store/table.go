// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"math/rand/v2"

	"github.com/ashlar-go/ashlar/alloc"
)

// minSlots is the number of slots of a new table.
const minSlots = 16

// A slot of a table is empty if its ref is 0.
type slot struct {
	hash uint64
	ref  alloc.Address
}

// A table finds entries by the hashes of their keys. It is outside the Go heap.
type table struct {
	memory *alloc.Allocator
	slots  []slot // a power of two
	used   int
	random rand.PCG // where to look for an entry to evict
}

func newTable(memory *alloc.Allocator, slots int, seed uint64) (table, error) {
	s, err := alloc.MakeSlice[slot](memory, slots, slots)
	return table{memory: memory, slots: s, random: *rand.NewPCG(seed, 0)}, err
}

func (t *table) home(hash uint64) int { return int(hash & uint64(len(t.slots)-1)) }

func (t *table) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

// entry returns the entry in slot i, which is not empty.
func (t *table) entry(i int) *entry { return (*entry)(t.slots[i].ref.Pointer()) }

// find returns the slot of a key.
func (t *table) find(hash uint64, key []byte) (int, bool) {
	for i := t.home(hash); t.slots[i].ref != 0; i = t.next(i) {
		if t.slots[i].hash == hash && bytes.Equal(t.entry(i).key(), key) {
			return i, true
		}
	}
	return 0, false
}

// insert adds an entry whose key is not in the table. The caller has made room by reserve.
func (t *table) insert(hash uint64, e *entry) {
	t.place(slot{hash, alloc.AddressOf(e.pointer())})
	t.used++
}

func (t *table) place(s slot) {
	i := t.home(s.hash)
	for t.slots[i].ref != 0 {
		i = t.next(i)
	}
	t.slots[i] = s
}

// remove empties slot i, and moves back the later entries that would not be found any more.
func (t *table) remove(i int) {
	t.used--
	for j := t.next(i); t.slots[j].ref != 0; j = t.next(j) {
		// The entry belongs cyclically in (i, j]: it stays.
		if home := t.home(t.slots[j].hash); (j-home)&(len(t.slots)-1) < (j-i)&(len(t.slots)-1) {
			continue
		}
		t.slots[i] = t.slots[j]
		i = j
	}
	t.slots[i] = slot{}
}

// reserve makes room for one more entry. It doubles the table if necessary.
func (t *table) reserve() error {
	if t.used < len(t.slots)/4*3 {
		return nil
	}
	larger, err := alloc.MakeSlice[slot](t.memory, 2*len(t.slots), 2*len(t.slots))
	if err != nil {
		return err
	}
	old := t.slots
	t.slots = larger
	for _, s := range old {
		if s.ref != 0 {
			t.place(s)
		}
	}
	alloc.FreeSlice(t.memory, old)
	return nil
}

// firstToExpire looks at n entries from a random slot on, and returns the slot of the one that
// expires first. The table must not be empty.
func (t *table) firstToExpire(n int) (first int) {
	first = -1
	i := t.home(t.random.Uint64())
	for n = min(n, t.used); n > 0; i = t.next(i) {
		if t.slots[i].ref == 0 {
			continue
		}
		if first < 0 || t.entry(i).expires < t.entry(first).expires {
			first = i
		}
		n--
	}
	return first
}

// clear frees all entries.
func (t *table) clear() {
	for _, s := range t.slots {
		t.memory.Free(s.ref.Pointer()) // nil is ignored
	}
	clear(t.slots)
	t.used = 0
}

// free frees all entries and the table.
func (t *table) free() {
	t.clear()
	alloc.FreeSlice(t.memory, t.slots)
	t.slots = nil
}
