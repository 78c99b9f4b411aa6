// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"bytes"
	"fmt"
	"iter"
	"math/bits"
	"math/rand/v2"

	"github.com/ashlar-go/ashlar/arena"
)

// A memtable is the part of a log-structured store that takes its writes: a sorted map. It
// grows until it is written to disk, and is then dropped as a whole. This one is a skip
// list (Pugh, "Skip Lists", 1990). All nodes, keys and values are in one arena, so the
// collector does not scan them, and one call frees them. The maps of alloc/offheap are not
// sorted.
type memtable struct {
	memory *arena.Arena
	head   *tower
	size   int64 // bytes of keys and values
}

// A tower is a node. Its pointers point only into the arena of the table.
type tower struct {
	key, value []byte
	next       []*tower // the lowest level first
}

const tallest = 16

func newMemtable() *memtable {
	t := &memtable{memory: arena.NewArena()}
	t.head = t.newTower(nil, nil, tallest)
	return t
}

func (t *memtable) newTower(key, value []byte, height int) *tower {
	n := arena.NewLinked[tower](t.memory)
	n.key, n.value = t.copy(key), t.copy(value)
	n.next = arena.MakeLinkedSlice[*tower](t.memory, height, height)
	return n
}

func (t *memtable) copy(b []byte) []byte {
	c := arena.MakeSlice[byte](t.memory, len(b), len(b))
	copy(c, b)
	return c
}

// search returns the first node whose key is not below key, and the nodes before it on each
// level.
func (t *memtable) search(key []byte) (at *tower, before [tallest]*tower) {
	n := t.head
	for level := tallest - 1; level >= 0; level-- {
		for n.next[level] != nil && bytes.Compare(n.next[level].key, key) < 0 {
			n = n.next[level]
		}
		before[level] = n
	}
	return n.next[0], before
}

// Put sets the value of a key. An old value stays in the arena until the table is dropped,
// as in a store that keeps versions.
func (t *memtable) Put(key, value []byte) {
	at, before := t.search(key)
	t.size += int64(len(value))
	if at != nil && bytes.Equal(at.key, key) {
		at.value = t.copy(value)
		return
	}
	t.size += int64(len(key))
	height := min(1+bits.TrailingZeros64(rand.Uint64()), tallest)
	n := t.newTower(key, value, height)
	for level := range height {
		n.next[level], before[level].next[level] = before[level].next[level], n
	}
}

// Get returns the value of a key, in the table's memory.
func (t *memtable) Get(key []byte) ([]byte, bool) {
	at, _ := t.search(key)
	if at == nil || !bytes.Equal(at.key, key) {
		return nil, false
	}
	return at.value, true
}

// From returns keys and values in ascending order, from the first key that is not below
// key.
func (t *memtable) From(key []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for n, _ := t.search(key); n != nil && yield(n.key, n.value); n = n.next[0] {
		}
	}
}

// Size returns the bytes of all keys and values that were put. A store compares it with the
// size at which it writes the table to disk.
func (t *memtable) Size() int64 { return t.size }

// Drop frees the table. Keys and values from it are invalid afterwards.
func (t *memtable) Drop() { t.memory.Free() }

// A memtable of a log-structured store.
func Example_memtable() {
	t := newMemtable()
	defer t.Drop()
	for i := range 1000 {
		t.Put(fmt.Append(nil, "key ", (i*7919)%1000), fmt.Append(nil, "value ", i))
	}
	t.Put([]byte("key 500"), []byte("another"))
	value, ok := t.Get([]byte("key 500"))
	fmt.Printf("%s %v\n", value, ok)
	_, ok = t.Get([]byte("key 1000"))
	fmt.Println(ok)
	n := 0
	for key := range t.From([]byte("key 997")) {
		fmt.Printf("%s\n", key)
		n++
	}
	fmt.Println(n, t.Size(), t.memory.Audit())
	// Output:
	// another true
	// false
	// key 997
	// key 998
	// key 999
	// 3 15787 <nil>
}
