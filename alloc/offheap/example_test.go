// SPDX-License-Identifier: Apache-2.0

package offheap_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ashlar-go/ashlar/alloc/offheap"
)

// A table of positions that the collector does not scan.
func ExampleMap() {
	type position struct{ X, Y float64 }
	m, err := offheap.NewMap[uint64, position](nil, offheap.MapOptions{Name: "positions"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	for i := range uint64(1000) {
		if err := m.Set(i, position{float64(i), 0}); err != nil {
			fmt.Println(err)
		}
	}
	m.Ref(7).Y = 1 // in place
	for key := range m.All() {
		if key >= 10 {
			m.Delete(key)
		}
	}
	p, ok := m.Get(7)
	fmt.Println(p, ok, m.Len())
	// Output: {7 1} true 10
}

// Counters that many goroutines increment.
func ExampleShardedMap_Update() {
	m, err := offheap.NewShardedMap[uint32, int](nil, offheap.MapOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	for range 3 {
		if err := m.Update(404, func(n *int, _ bool) { *n++ }); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(m.Get(404))
	// Output: 3 true
}

// A Handle that outlives its value is recognised.
func ExampleSlots() {
	type player struct{ Health int }
	s, err := offheap.NewSlots[player](nil, offheap.SlotsOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	first, _ := s.Add(player{100})
	s.Get(first).Health -= 30
	fmt.Println(s.Get(first).Health)
	s.Remove(first)
	second, _ := s.Add(player{50}) // in the same slot
	fmt.Println(s.Get(first) == nil, s.Get(second).Health)
	// Output:
	// 70
	// true 50
}

// A cache of 64 MiB whose values live a minute. Many callers of one key cause one load.
func ExampleCache() {
	c, err := offheap.NewCache[string, string](nil, offheap.CacheOptions{Bytes: 64 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	value, err := c.GetOrLoad(context.Background(), nil, "granite",
		func(_ context.Context, key string) (string, time.Duration, error) {
			return "the stone " + key, time.Minute, nil
		})
	fmt.Println(string(value), err)
	c.View("granite", func(value []byte) { fmt.Println(len(value)) })
	fmt.Println(c.Stats().Entries)
	// Output:
	// the stone granite <nil>
	// 17
	// 1
}

// Equal strings have equal Texts, of 8 bytes each.
func ExampleInterner() {
	in := offheap.NewInterner(nil, offheap.InternerOptions{})
	defer in.Close()
	var texts []offheap.Text
	for word := range strings.FieldsSeq("stone upon stone upon stone") {
		text, err := in.Intern(word)
		if err != nil {
			fmt.Println(err)
			return
		}
		texts = append(texts, text)
	}
	fmt.Println(in.Len(), texts[0] == texts[2], in.String(texts[1]))
	in.Release(texts[1])
	in.Release(texts[3])
	_, ok := in.Lookup("upon")
	fmt.Println(ok)
	// Output:
	// 2 true upon
	// false
}
