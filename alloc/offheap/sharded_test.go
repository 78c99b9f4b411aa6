// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// TestShardedMap: what several goroutines write at once is there afterwards, and entries that
// nobody changes are found and come once in every iteration meanwhile.
func TestShardedMap(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		m, err := NewShardedMap[int, [20]int](heap, MapOptions{})
		must(t, err)
		defer m.Close()
		const fixed, each, writers = 5000, 4000, 4
		for i := range fixed {
			must(t, m.Set(-1-i, [20]int{i}))
		}
		var wait sync.WaitGroup
		for w := range writers {
			wait.Go(func() {
				for i := range each {
					if err := m.Set(w*each+i, [20]int{w}); err != nil {
						t.Error(err)
					}
					if err := m.Update(1<<30, func(v *[20]int, _ bool) { v[0]++ }); err != nil {
						t.Error(err)
					}
					if i%2 == 1 && !m.Delete(w*each+i) {
						t.Error("an entry is lost")
					}
				}
			})
		}
		wait.Go(func() {
			for range 3 {
				seen := map[int]int{}
				for k, v := range m.All() {
					if k < 0 {
						seen[k]++
						if got, ok := m.Get(k); !ok || got != v || v[0] != -1-k {
							t.Error(k, v, got, ok)
						}
					}
				}
				for i := range fixed {
					if seen[-1-i] != 1 {
						t.Errorf("key %d came %d times", -1-i, seen[-1-i])
					}
				}
			}
		})
		wait.Wait()
		if n := m.Len(); n != fixed+writers*each/2+1 {
			t.Error(n)
		}
		sum := 0
		if !m.View(1<<30, func(v *[20]int) { sum = v[0] }) || sum != writers*each {
			t.Error(sum)
		}
		if m.View(1<<30+1, func(*[20]int) {}) {
			t.Error("an entry that nobody added")
		}
		must(t, m.Clear())
		if m.Len() != 0 {
			t.Error(m.Len())
		}
	})
}
