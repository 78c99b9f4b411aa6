// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ashlar-go/ashlar/alloc/adapters/swissmem"
	"github.com/ashlar-go/ashlar/alloc/offheap"
	"github.com/cockroachdb/swiss"
)

// A table is a contender among the maps.
type table[V any] struct {
	get func(k uint64) (V, bool)
	set func(k uint64, v V)
}

var mapNames = []string{"ashlar", "gomap", "gomap-pointers", "swiss", "swissmem"}

func newTable[V any](name string) (t table[V], err error) {
	switch name {
	case "ashlar":
		m, err := offheap.NewMap[uint64, V](nil, offheap.MapOptions{})
		if err != nil {
			return t, err
		}
		return table[V]{m.Get, func(k uint64, v V) {
			if err := m.Set(k, v); err != nil {
				panic(err)
			}
		}}, nil
	case "gomap":
		m := map[uint64]V{}
		return table[V]{func(k uint64) (V, bool) { v, ok := m[k]; return v, ok }, func(k uint64, v V) { m[k] = v }}, nil
	case "gomap-pointers":
		m := map[uint64]*V{}
		return table[V]{func(k uint64) (v V, ok bool) {
			if p := m[k]; p != nil {
				return *p, true
			}
			return v, false
		}, func(k uint64, v V) { m[k] = &v }}, nil
	case "swiss", "swissmem":
		var o []swiss.Option[uint64, V]
		if name == "swissmem" {
			heap, err := swissmem.New[swiss.Group[uint64, V]](nil)
			if err != nil {
				return t, err
			}
			o = append(o, swiss.WithAllocator[uint64, V](heap))
		}
		m := swiss.New[uint64, V](0, o...)
		return table[V]{m.Get, m.Put}, nil
	}
	return t, fmt.Errorf("there is no map %q", name)
}

const mapsHeader = "| map | value, B | fill, ns | get, ns | set, ns | longest set, µs | on the processor, µs | memory | GC, s |"

// measureMap measures one map with small and with large values.
func measureMap(o *options, name string) (string, error) {
	small, err := measureTable(o, name, [16]byte{}, o.n)
	if err != nil {
		return "", err
	}
	large, err := measureTable(o, name, [1024]byte{}, o.n/10)
	return small + "\n" + large, err
}

func measureTable[V any](o *options, name string, v V, n int) (string, error) {
	base := resident()
	t, err := newTable[V](name)
	if err != nil {
		return "", err
	}
	keys := func(f func(k uint64)) time.Duration {
		random := rand.New(rand.NewPCG(1, 2))
		begun := time.Now()
		for range n {
			f(random.Uint64())
		}
		return time.Since(begun) / time.Duration(n)
	}
	gc := collector()
	fill := keys(func(k uint64) { t.set(k, v) })
	held := resident() - base
	missing := 0
	get := keys(func(k uint64) {
		if _, ok := t.get(k); !ok {
			missing++
		}
	})
	set := keys(func(k uint64) { t.set(k, v) })
	spent := collector() - gc
	if missing > 0 {
		return "", fmt.Errorf("%s has lost %d keys", name, missing)
	}
	if t, err = newTable[V](name); err != nil {
		return "", err
	}
	wall, processor := longest(func(f func(func())) {
		keys(func(k uint64) { f(func() { t.set(k, v) }) })
	})
	size := size(v)
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %.2f | %.2f |", name, size, fill.Nanoseconds(), get.Nanoseconds(),
		set.Nanoseconds(), wall.Microseconds(), processor.Microseconds(), float64(held)/float64(n*(8+size+overhead)), spent), nil
}
