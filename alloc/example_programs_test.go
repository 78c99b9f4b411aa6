// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"container/list"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestLRU compares the cache of the example with a cache on the Go heap.
func TestLRU(t *testing.T) {
	var heap alloc.Allocator
	cache, err := newLRUCache(&heap, 50)
	if err != nil {
		t.Fatal(err)
	}
	model := newHeapLRU(50)
	random := rand.New(rand.NewPCG(3, 4))
	for now := range int64(20_000) {
		key := fmt.Sprint("key ", random.IntN(80))
		if random.IntN(3) == 0 {
			value := fmt.Append(nil, key, now)
			expires := now + int64(random.IntN(500))
			if err := cache.Put(key, value, expires); err != nil {
				t.Fatal(err)
			}
			model.Put(key, value, expires)
		}
		got, ok := cache.Get(key, now)
		want, there := model.Get(key, now)
		if ok != there || string(got) != string(want) {
			t.Fatalf("%d: %s is %q %v, want %q %v", now, key, got, ok, want, there)
		}
	}
	cache.Close()
	checkNothingLive(t, &heap)
}

func checkNothingLive(t *testing.T, heap *alloc.Allocator) {
	t.Helper()
	if s := heap.Stats(); s.Live() != 0 {
		t.Errorf("%d blocks are live", s.Live())
	}
	if err := heap.Close(); err != nil {
		t.Error(err)
	}
}

// TestRing: all messages arrive if there are more producers than buffers.
func TestRing(t *testing.T) {
	var heap alloc.Allocator
	r, err := newBufferRing(&heap, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if sent, arrived := carry(r, 5, 2, 500); sent != arrived || sent == 0 {
		t.Errorf("sent %d, arrived %d", sent, arrived)
	}
	r.Close()
	checkNothingLive(t, &heap)
}

// A heapLRU is the usual cache on the Go heap.
type heapLRU struct {
	size  int
	index map[string]*list.Element
	order *list.List // the value used last comes first
}

type heapEntry struct {
	key     string
	value   []byte
	expires int64
}

func newHeapLRU(size int) *heapLRU {
	return &heapLRU{size: size, index: make(map[string]*list.Element, size), order: list.New()}
}

func (c *heapLRU) Get(key string, now int64) ([]byte, bool) {
	e := c.index[key]
	if e == nil {
		return nil, false
	}
	if now >= e.Value.(*heapEntry).expires {
		c.remove(e)
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*heapEntry).value, true
}

func (c *heapLRU) Put(key string, value []byte, expires int64) {
	if old := c.index[key]; old != nil {
		c.remove(old)
	}
	if len(c.index) == c.size {
		c.remove(c.order.Back())
	}
	c.index[key] = c.order.PushFront(&heapEntry{key, append([]byte(nil), value...), expires})
}

func (c *heapLRU) remove(e *list.Element) {
	delete(c.index, e.Value.(*heapEntry).key)
	c.order.Remove(e)
}

// BenchmarkLRU stores and looks up values in a full cache of a million values of 100 bytes.
// It also reports how long a forced garbage collection takes.
func BenchmarkLRU(b *testing.B) {
	const size = 1_000_000
	keys := make([]string, 2*size)
	for i := range keys {
		keys[i] = fmt.Sprint("key ", i)
	}
	value := make([]byte, 100)
	run := func(peer string, put func(string), get func(string)) {
		b.Run("peer="+peer, func(b *testing.B) {
			for _, key := range keys {
				put(key)
			}
			random := rand.New(rand.NewPCG(5, 6))
			for b.Loop() {
				get(keys[random.IntN(len(keys))])
				put(keys[random.IntN(len(keys))])
			}
			reportCollection(b)
		})
	}
	cache, err := newLRUCache(alloc.Default(), size)
	if err != nil {
		b.Fatal(err)
	}
	run("ashlar", func(key string) { _ = cache.Put(key, value, 1) }, func(key string) { cache.Get(key, 0) })
	cache.Close()
	heap := newHeapLRU(size)
	run("goheap", func(key string) { heap.Put(key, value, 1) }, func(key string) { heap.Get(key, 0) })
}

// reportCollection reports the shortest of several forced collections.
func reportCollection(b *testing.B) {
	fastest := time.Duration(1 << 62)
	for range 5 {
		start := time.Now()
		runtime.GC()
		fastest = min(fastest, time.Since(start))
	}
	b.ReportMetric(float64(fastest.Microseconds())/1000, "gc-ms")
}

// BenchmarkRing passes messages from one goroutine to another, in a ring of buffers and in
// new buffers.
func BenchmarkRing(b *testing.B) {
	const size = 16 << 10
	b.Run("peer=ashlar", func(b *testing.B) {
		r, err := newBufferRing(alloc.Default(), 64, size)
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		carry(r, 1, 1, b.N)
	})
	b.Run("peer=goheap", func(b *testing.B) {
		full := make(chan []byte, 64)
		go func() {
			for i := range b.N {
				m := make([]byte, size)
				m[i%size] = 1
				full <- m
			}
			close(full)
		}()
		sum := 0
		for m := range full {
			sum += int(m[0])
		}
	})
}
