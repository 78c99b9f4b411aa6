// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

func init() { register(150, memtables()) }

const (
	memtableTables  = 2      // of a goroutine
	memtableEntries = 40_000 // of a table
	memtableKey     = 16     // bytes
	memtableValue   = 200    // bytes at most
	memtableLevels  = 12
)

// memtables is what a log-structured store does with its writes: it puts them into a skip list (Pugh, "Skip
// Lists", 1990), which grows until it is written out in order, and is then dropped as a whole.
func memtables() *Workload {
	return &Workload{
		Name:       "memtables",
		Goroutines: []int{1, 2},
		Largest:    memtableValue,
		MaxLive:    4 * memtableEntries,
		InArenas:   true,
		OnlyInGo:   true,
		Operation:  "write",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("%d tables a goroutine of %d writes, keys of %d B, values of 1–%d B, a read after every second write, a scan at the end",
				memtableTables, scaled(memtableEntries, scale), memtableKey, memtableValue)
		},
		prepare: func(t *Team) func() {
			return func() {
				t.each(func(w *worker) {
					for range memtableTables {
						m := newMemtable(w)
						m.run(t.rounds(memtableEntries))
						w.arena.Reset()
						w.account(-m.size)
					}
				})
			}
		},
	}
}

type memtable struct {
	w       *worker
	head    *Tower
	entries int
	size    int // bytes
}

func newMemtable(w *worker) *memtable {
	m := &memtable{w: w, head: w.arena.Tower()}
	m.head.Next = w.arena.Links(memtableLevels)
	return m
}

// run writes random keys, reads some of them, and scans the table.
func (m *memtable) run(n int) {
	random := &m.w.random
	var key [memtableKey]byte
	for i := range n {
		number := random.below(2 * n)
		binary.BigEndian.PutUint64(key[:], uint64(number)*mstressCookie)
		m.write(key[:], byte(number), 1+random.below(memtableValue))
		if i%2 == 0 {
			at, _ := m.search(key[:])
			m.verify(at, byte(number))
		}
	}
	m.scan()
	m.w.ops += n
}

func (m *memtable) search(key []byte) (at *Tower, before [memtableLevels]*Tower) {
	n := m.head
	for level := memtableLevels - 1; level >= 0; level-- {
		for n.Next[level] != nil && bytes.Compare(n.Next[level].Key, key) < 0 {
			n = n.Next[level]
		}
		before[level] = n
	}
	return n.Next[0], before
}

// write sets a key to a value of n equal bytes. The value that it replaces stays until the table is
// dropped.
func (m *memtable) write(key []byte, value byte, n int) {
	at, before := m.search(key)
	if at == nil || !bytes.Equal(at.Key, key) {
		at = m.insert(key, &before)
	}
	at.Value = m.w.arena.Bytes(n)
	for i := range at.Value {
		at.Value[i] = value
	}
	m.grow(n)
}

func (m *memtable) insert(key []byte, before *[memtableLevels]*Tower) *Tower {
	height := min(1+bits.TrailingZeros64(m.w.random.next()|1<<63), memtableLevels)
	at := m.w.arena.Tower()
	at.Key = put(m.w.arena, key)
	at.Next = m.w.arena.Links(height)
	for level := range height {
		at.Next[level], before[level].Next[level] = before[level].Next[level], at
	}
	m.entries++
	m.grow(nodeSize + len(key) + 8*height)
	return at
}

func (m *memtable) grow(n int) {
	m.size += n
	m.w.account(n)
}

// verify checks a value.
func (m *memtable) verify(at *Tower, value byte) {
	if at == nil || len(at.Value) == 0 || !repeated(at.Value, value) {
		m.w.team.corrupted(&Corruption{Size: m.size, Want: value})
	}
}

// scan expects all entries in order.
func (m *memtable) scan() {
	found, last := 0, []byte(nil)
	for at := m.head.Next[0]; at != nil; at = at.Next[0] {
		if bytes.Compare(last, at.Key) >= 0 && found > 0 || !repeated(at.Value, at.Value[0]) {
			m.w.team.corrupted(&Corruption{Size: m.size})
			return
		}
		found, last = found+1, at.Key
	}
	if found != m.entries {
		m.w.team.corrupted(&Corruption{Size: m.size, Want: byte(m.entries), Got: byte(found)})
	}
}
