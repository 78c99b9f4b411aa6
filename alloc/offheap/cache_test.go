// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// check checks the equations of all shards.
func (c *cache) check() error {
	for i := range c.shards {
		if err := c.shards[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// TestCache compares a Cache with a map: a value that is found is the latest one, and has not
// expired. Most of what fits is found.
func TestCache(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		synctest.Test(t, func(t *testing.T) { playCache(t, heap) })
	})
}

func playCache(t *testing.T, heap *alloc.Allocator) {
	const budget = 300 << 10
	c, err := NewCache[string, []byte](heap, CacheOptions{Bytes: budget})
	must(t, err)
	defer c.Close()
	type kept struct {
		value   []byte
		expires time.Time
	}
	model := map[string]kept{}
	random := rand.New(rand.NewPCG(3, 4))
	hits, lost := 0, 0
	for step := range 30_000 {
		key := fmt.Sprint("key ", random.IntN(1+random.IntN(3000)))
		switch op := random.IntN(10); {
		case op < 4:
			n := random.IntN(200)
			if random.IntN(200) == 0 {
				n = random.IntN(budget / 3)
			}
			value := bytes.Repeat([]byte{byte(step)}, n)
			ttl := time.Duration(random.IntN(3)) * time.Duration(random.IntN(4000)) * time.Millisecond
			k := kept{value, time.Now().Add(ttl)}
			if ttl == 0 {
				k.expires = time.Now().Add(time.Hour)
			}
			if err := c.Set(key, value, ttl); err == nil {
				model[key] = k
			} else if delete(model, key); !errors.Is(err, ErrTooLarge) || entrySize(len(key), n) <= budget/4 {
				t.Fatal(err)
			}
		case op < 5:
			k, there := model[key]
			if c.Delete(key) && (!there || !time.Now().Before(k.expires)) {
				t.Fatalf("step %d: deleted %s, which was not there", step, key)
			}
			delete(model, key)
		default:
			var got []byte
			var ok bool
			if op%2 == 0 {
				got, ok = c.Get([]byte("x"), key)
				got = got[1:]
			} else {
				ok = c.View(key, func(value []byte) { got = bytes.Clone(value) })
			}
			k, there := model[key]
			there = there && time.Now().Before(k.expires)
			if ok && (!there || !bytes.Equal(got, k.value)) {
				t.Fatalf("step %d: %s is %q, want %q %v", step, key, got, k.value, there)
			}
			if ok {
				hits++
			} else if there {
				lost++
			}
		}
		time.Sleep(time.Millisecond)
		if step%1000 == 0 {
			must(t, c.c.check())
			if s := c.Stats(); s.Bytes > s.Limit {
				t.Fatal(s)
			}
		}
		if step == 20_000 {
			c.Clear()
			clear(model)
		}
	}
	must(t, c.c.check())
	s := c.Stats()
	if hits < 5*lost || int64(hits) != s.Hits || s.Evicted == 0 || s.Expired == 0 {
		t.Errorf("%d hits, %d lost; %v", hits, lost, s)
	}
}

// TestCacheOverwritten: entries that are replaced by ones of other sizes, or expire, do not take
// the room of others.
func TestCacheOverwritten(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	c, err := NewCache[string, []byte](&heap, CacheOptions{Bytes: 1 << 20})
	must(t, err)
	defer c.Close()
	random := rand.New(rand.NewPCG(7, 8))
	const keys = 5000 // of 100 bytes on average, with the overhead: half of the budget
	for range 40 * keys {
		must(t, c.Set(fmt.Sprint(random.IntN(keys)), make([]byte, random.IntN(140)), 0))
		c.Get(nil, fmt.Sprint(random.IntN(keys)))
	}
	must(t, c.c.check())
	if s := c.Stats(); s.Entries < keys*95/100 {
		t.Error(s)
	}
}

// TestCacheShared: goroutines that read, write and delete the same keys see whole values only.
func TestCacheShared(t *testing.T) {
	alloctest.EachMode(t, func(t *testing.T, heap *alloc.Allocator) {
		c, err := NewCache[[]byte, string](heap, CacheOptions{Bytes: 4 << 20})
		must(t, err)
		defer c.Close()
		var wait sync.WaitGroup
		for g := range 4 {
			wait.Go(func() {
				random := rand.New(rand.NewPCG(uint64(g), 1))
				var dst []byte
				for range 5000 {
					n := random.IntN(2000)
					key := fmt.Append(nil, n)
					whole := func(value []byte) {
						if len(value) != n || bytes.Count(value, []byte(string(rune('a'+n%26)))) != n {
							t.Errorf("%d is %q", n, value)
						}
					}
					switch random.IntN(10) {
					case 0:
						c.Delete(key)
					case 1, 2, 3:
						if err := c.Set(key, strings.Repeat(string(rune('a'+n%26)), n), time.Duration(random.IntN(2))*time.Millisecond); err != nil {
							t.Error(err)
						}
					case 4:
						c.View(key, whole)
					default:
						var ok bool
						if dst, ok = c.Get(dst[:0], key); ok {
							whole(dst)
						}
					}
				}
			})
		}
		wait.Wait()
		must(t, c.c.check())
	})
}

// TestCacheNoMemory: without memory a Cache evicts, and serves what it has.
func TestCacheNoMemory(t *testing.T) {
	heap, err := alloc.NewAllocator(alloc.Options{Limit: 3 << 20})
	must(t, err)
	alloctest.NoLeaks(t, heap)
	c, err := NewCache[string, []byte](heap, CacheOptions{Bytes: 1 << 30})
	must(t, err)
	defer c.Close()
	failed := 0
	for i := range 20_000 {
		if err := c.Set(fmt.Sprint(i), make([]byte, 500), 0); err != nil {
			failed++
		}
	}
	must(t, c.c.check())
	s := c.Stats()
	if s.Entries < 100 || failed == 0 && s.Evicted == 0 {
		t.Errorf("%d sets failed; %v", failed, s)
	}
}

func TestCacheMisuse(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	if _, err := NewCache[string, string](&heap, CacheOptions{}); !errors.Is(err, alloc.ErrInvalidOption) {
		t.Error(err)
	}
	c, err := NewCache[string, string](&heap, CacheOptions{Bytes: 1 << 20})
	must(t, err)
	must(t, c.Set("a", "b", 0))
	c.Close()
	for range 2 { // no lock stays held
		misused(t, alloc.UseAfterClose, "Cache.Get", func() { c.Get(nil, "a") })
		misused(t, alloc.UseAfterClose, "Cache.View", func() { c.View("a", nil) })
		misused(t, alloc.UseAfterClose, "Cache.Set", func() { _ = c.Set("a", "b", 0) })
		misused(t, alloc.UseAfterClose, "Cache.Delete", func() { c.Delete("a") })
		misused(t, alloc.UseAfterClose, "Cache.Clear", func() { c.Clear() })
		c.Close()
	}
	if s := c.Stats(); s.Bytes != 0 || s.Entries != 0 || !strings.Contains(s.String(), "0 entries") {
		t.Error(s)
	}
}
