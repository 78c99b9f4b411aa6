// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc/offheap"
)

func size[V any](v V) int { return int(unsafe.Sizeof(v)) }

var pauseNames = []string{"ashlar", "gomap", "gomap-pointers", "nothing"}

const pausesHeader = "| map | p50, ns | p99 | p99.9 | max, µs | collections' share |"

// shards is the number of shards of Go's maps: that of a ShardedMap.
const shards = 512

// A locked is a map for several goroutines, as a program writes it with Go's map.
type locked[V any] [shards]struct {
	mu sync.RWMutex
	m  map[uint64]V
	_  [64]byte
}

func (l *locked[V]) get(k uint64) V {
	s := &l[k>>32%shards]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[k]
}

func (l *locked[V]) set(k uint64, v V) {
	s := &l[k>>32%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[uint64]V{}
	}
	s.m[k] = v
}

// measurePauses measures reads on one goroutine while another fills the map, and both make garbage,
// so that the collector runs all the time.
func measurePauses(o *options, name string) (string, error) {
	var get func(k uint64) byte
	var set func(k uint64)
	switch name {
	case "nothing": // what the machine itself does to a loop
		get = func(k uint64) byte { return byte(k) }
		set = func(uint64) {
			for begun := time.Now(); time.Since(begun) < 500*time.Nanosecond; {
			}
		}
	case "ashlar":
		m, err := offheap.NewShardedMap[uint64, [16]byte](nil, offheap.MapOptions{})
		if err != nil {
			return "", err
		}
		get = func(k uint64) byte { v, _ := m.Get(k); return v[0] }
		set = func(k uint64) {
			if err := m.Set(k, [16]byte{1}); err != nil {
				panic(err)
			}
		}
	case "gomap":
		m := new(locked[[16]byte])
		get = func(k uint64) byte { return m.get(k)[0] }
		set = func(k uint64) { m.set(k, [16]byte{1}) }
	case "gomap-pointers":
		m := new(locked[*[16]byte])
		get = func(k uint64) byte {
			if v := m.get(k); v != nil {
				return v[0]
			}
			return 0
		}
		set = func(k uint64) { m.set(k, &[16]byte{1}) }
	}
	var done atomic.Int64
	var wait sync.WaitGroup
	gc := collector()
	begun := time.Now()
	wait.Go(func() {
		random := rand.New(rand.NewPCG(1, 2))
		for range o.n {
			set(random.Uint64())
			done.Add(1)
			garbage.Store(new([64]byte))
		}
	})
	var all []time.Duration
	random, i := rand.New(rand.NewPCG(1, 2)), int64(0)
	for done.Load() < int64(o.n) || len(all) == 0 {
		if i++; i > done.Load() {
			random, i = rand.New(rand.NewPCG(1, 2)), 0
			continue
		}
		k := random.Uint64()
		t := time.Now()
		get(k)
		all = append(all, time.Since(t))
	}
	wait.Wait()
	share := (collector() - gc) / time.Since(begun).Seconds() / 2
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))] }
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %.1f %% |", name, at(0.5).Nanoseconds(), at(0.99).Nanoseconds(),
		at(0.999).Nanoseconds(), at(1).Microseconds(), 100*share), nil
}

// garbage keeps the compiler from allocating garbage on the stack.
var garbage atomic.Pointer[[64]byte]
