// SPDX-License-Identifier: Apache-2.0

package grpcmem_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/grpcmem"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

func Example() {
	pool := grpcmem.New(nil)
	b := pool.Get(33_000)
	fmt.Println(len(*b), cap(*b), pool.InUse())
	pool.Put(b)
	fmt.Println(pool.InUse())
	// Output:
	// 33000 36864 1
	// 0
}

func TestGet(t *testing.T) { alloctest.EachMode(t, testGet) }

func testGet(t *testing.T, heap *alloc.Allocator) {
	pool := grpcmem.New(heap)
	for _, test := range []struct {
		length int
		inUse  int64 // while it is out
	}{{0, 0}, {1, 0}, {1024, 0}, {1025, 1}, {4096, 1}, {16 << 10, 1}, {1 << 20, 1}, {5<<20 + 1, 1}} {
		for _, keep := range []int{test.length, test.length / 2, min(test.length, 1000), 0} {
			b := pool.Get(test.length)
			if len(*b) != test.length || pool.InUse() != test.inUse {
				t.Errorf("%d bytes: length %d, %d in use", test.length, len(*b), pool.InUse())
			}
			for i := range *b {
				(*b)[i] = byte(i)
			}
			*b = (*b)[:keep:keep] // cut at its end, and without the capacity for more
			pool.Put(b)
			if pool.InUse() != 0 {
				t.Errorf("%d bytes, cut to %d: %d in use after Put", test.length, keep, pool.InUse())
			}
		}
	}
	pool.Put(nil)
	if pool.Lost() != 0 {
		t.Errorf("%d lost", pool.Lost())
	}
}

func TestMisuse(t *testing.T) { alloctest.EachMode(t, testMisuse) }

func testMisuse(t *testing.T, heap *alloc.Allocator) {
	pool := grpcmem.New(heap)
	out := pool.Get(5000)
	defer pool.Put(out)
	twice := pool.Get(6000)
	stale := *twice
	pool.Put(twice)
	inside, foreign := (*out)[16:], make([]byte, 2000)
	for name, b := range map[string]*[]byte{
		"put twice": twice, "put twice by a copy": &stale, "cut at its front": &inside, "of the Go heap": &foreign,
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				err, _ := recover().(error)
				var m *alloc.MisuseError
				if !errors.As(err, &m) {
					t.Errorf("it ends with %v", err)
				}
				if pool.InUse() != 1 {
					t.Errorf("%d in use", pool.InUse())
				}
			}()
			pool.Put(b)
		})
	}
	if len(*twice) != 0 || cap(*twice) != 0 {
		t.Errorf("a buffer that was put back has %d bytes", cap(*twice))
	}
}

// TestLost: unreachable buffers are freed, reachable ones stay.
func TestLost(t *testing.T) { alloctest.EachMode(t, testLost) }

func testLost(t *testing.T, heap *alloc.Allocator) {
	pool := grpcmem.New(heap)
	kept := pool.Get(5000)
	const lost = 100
	for range lost {
		pool.Get(5000)
	}
	for pool.Lost() < lost {
		runtime.GC() // cleanups run some time after
		runtime.Gosched()
	}
	if pool.Lost() != lost || pool.InUse() != 1 {
		t.Errorf("%d lost, %d in use", pool.Lost(), pool.InUse())
	}
	pool.Put(kept)
	if pool.InUse() != 0 {
		t.Errorf("%d in use", pool.InUse())
	}
}

// TestLostAfterClose: buffers that are found after the Allocator was closed are counted,
// and no more: Close has freed them.
func TestLostAfterClose(t *testing.T) {
	heap := new(alloc.Allocator)
	pool := grpcmem.New(heap)
	const lost = 10
	for range lost {
		pool.Get(5000)
	}
	if err := heap.Close(); err != nil {
		t.Fatal(err)
	}
	for pool.Lost() < lost {
		runtime.GC() // cleanups run some time after
		runtime.Gosched()
	}
	if pool.InUse() != 0 {
		t.Errorf("%d in use", pool.InUse())
	}
}

// BenchmarkGetPut measures Get and Put of buffers of several sizes.
func BenchmarkGetPut(b *testing.B) {
	pool := grpcmem.New(nil)
	for _, size := range []int{4 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("size=%d/peer=ashlar", size), func(b *testing.B) {
			for b.Loop() {
				pool.Put(pool.Get(size))
			}
		})
	}
}

// TestConcurrent: no two goroutines get the same buffer at the same time.
func TestConcurrent(t *testing.T) { alloctest.EachMode(t, testConcurrent) }

func testConcurrent(t *testing.T, heap *alloc.Allocator) {
	pool := grpcmem.New(heap)
	queue := make(chan *[]byte, 8)
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	var users sync.WaitGroup
	for user := range byte(4) {
		users.Go(func() {
			for i := range rounds {
				b := pool.Get(1 + i*97%9000)
				for j := range *b {
					(*b)[j] = user
				}
				queue <- b
				b = <-queue
				for _, c := range *b {
					if c != (*b)[0] {
						t.Error("two users wrote to a buffer")
						break
					}
				}
				pool.Put(b)
			}
		})
	}
	users.Wait()
	if pool.InUse() != 0 {
		t.Errorf("%d in use", pool.InUse())
	}
}
