// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// TestLock: nobody reads while somebody writes, and no write is lost.
func TestLock(t *testing.T) {
	for _, stripes := range []int{1, stripesFor(2 * maxStripes)} {
		l := lock{stripes: make([]stripe, stripes)}
		var x, y int
		var wait sync.WaitGroup
		const goroutines, writes = 4, 3000
		for range goroutines {
			wait.Go(func() {
				for range writes {
					l.lock()
					x++
					runtime.Gosched()
					y++
					l.unlock()
					held := l.rlock()
					if x != y {
						t.Errorf("a reader sees %d and %d", x, y)
					}
					held.runlock()
				}
			})
		}
		wait.Wait()
		if x != goroutines*writes {
			t.Errorf("%d writes of %d", x, goroutines*writes)
		}
	}
}

// TestViewDelaysWriters: what View passes is not overwritten meanwhile, and can be read by others.
func TestViewDelaysWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heap alloc.Allocator
		alloctest.NoLeaks(t, &heap)
		c, err := NewCache[string, string](&heap, CacheOptions{Bytes: minCache})
		must(t, err)
		defer c.Close()
		must(t, c.Set("k", "old", 0))
		var wait sync.WaitGroup
		c.View("k", func(value []byte) {
			read, written := "", false
			go func() {
				got, _ := c.Get(nil, "k")
				read = string(got)
			}()
			if synctest.Wait(); read != "old" {
				t.Errorf("a second reader sees %q", read)
			}
			wait.Go(func() {
				if err := c.Set("k", "new", 0); err != nil {
					t.Error(err)
				}
				written = true
			})
			synctest.Wait()
			if written || string(value) != "old" {
				t.Errorf("the value became %q while it was read", value)
			}
		})
		wait.Wait()
		if got, _ := c.Get(nil, "k"); string(got) != "new" {
			t.Errorf("the value is %q", got)
		}
	})
}
