// SPDX-License-Identifier: Apache-2.0

package offheap_test

import (
	"fmt"

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
