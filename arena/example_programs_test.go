// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMemtable compares the table of the example with a map.
func TestMemtable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	table, model := newMemtable(), map[string]string{}
	defer table.Drop()
	for i := range 5000 {
		key, value := fmt.Sprint(random.IntN(2000)), fmt.Sprint("value ", i)
		table.Put([]byte(key), []byte(value))
		model[key] = value
		probe := fmt.Sprint(random.IntN(2000))
		got, ok := table.Get([]byte(probe))
		if want, there := model[probe]; ok != there || string(got) != want {
			t.Fatalf("%s is %q %v, want %q %v", probe, got, ok, want, there)
		}
	}
	var keys []string
	for key, value := range table.From(nil) {
		if model[string(key)] != string(value) {
			t.Fatalf("%s is %q, want %q", key, value, model[string(key)])
		}
		keys = append(keys, string(key))
	}
	if len(keys) != len(model) || !slices.IsSorted(keys) {
		t.Errorf("%d keys of %d, sorted: %v", len(keys), len(model), slices.IsSorted(keys))
	}
	if err := table.memory.Audit(); err != nil {
		t.Error(err)
	}
}

// A heapTable is the same table in the Go heap, with the functions that the benchmark
// needs.
type heapTable struct{ head *tower }

func (t *heapTable) Put(key, value []byte) {
	n, before := t.head, [tallest]*tower{}
	for level := tallest - 1; level >= 0; level-- {
		for n.next[level] != nil && bytes.Compare(n.next[level].key, key) < 0 {
			n = n.next[level]
		}
		before[level] = n
	}
	if at := n.next[0]; at != nil && bytes.Equal(at.key, key) {
		at.value = bytes.Clone(value)
		return
	}
	height := min(1+bits.TrailingZeros64(rand.Uint64()), tallest)
	added := &tower{bytes.Clone(key), bytes.Clone(value), make([]*tower, height)}
	for level := range height {
		added.next[level], before[level].next[level] = before[level].next[level], added
	}
}

// BenchmarkMemtable fills a table with 200,000 entries of 100 bytes and drops it.
func BenchmarkMemtable(b *testing.B) {
	keys := make([][]byte, 200_000)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key %08d", i*7919%len(keys))
	}
	value := make([]byte, 100)
	b.Run("peer=ashlar", func(b *testing.B) {
		for b.Loop() {
			t := newMemtable()
			for _, key := range keys {
				t.Put(key, value)
			}
			t.Drop()
		}
	})
	b.Run("peer=goheap", func(b *testing.B) {
		for b.Loop() {
			t := &heapTable{&tower{next: make([]*tower, tallest)}}
			for _, key := range keys {
				t.Put(key, value)
			}
		}
	})
}
