// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// TestCheckedConcurrent: goroutines allocate blocks, pass them to each other and free them,
// also through Locals. Others call Verify and Trim and change the sampling rate meanwhile.
// No misuse is reported.
func TestCheckedConcurrent(t *testing.T) {
	a := open(t, strict)
	type block struct {
		p       unsafe.Pointer
		size, n int
	}
	handed := make(chan block, 64)
	var work, look sync.WaitGroup
	for g := range 4 {
		work.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			l := a.NewLocal()
			defer l.Close()
			for i := range fewer(4000) {
				size := r.IntN(1 << (4 + r.IntN(14)))
				var m implementation = whole{a}
				if i%2 == 0 {
					m = handle{l, a}
				}
				p, err := m.Malloc(size)
				if err != nil {
					t.Error(err)
					return
				}
				fill(bytesAt(p, size), i)
				handed <- block{p, size, i}
				b := <-handed
				if !filled(bytesAt(b.p, b.size), b.n) || UsableSize(b.p) != b.size {
					t.Error("a block does not hold what was written")
				}
				m.Free(b.p)
			}
		})
	}
	stop := make(chan struct{})
	look.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if err := a.Inspect().Verify(); err != nil {
				t.Error(err)
			}
			if i%3 == 0 {
				a.Trim()
			}
			a.Profile().SetRate(1 + i%2<<20)
		}
	})
	work.Wait()
	close(stop)
	look.Wait()
	drained(t, a)
}

// TestCheckedFreedAtOnce: if several goroutines free one block at the same time, one call
// succeeds and all others are reported.
func TestCheckedFreedAtOnce(t *testing.T) {
	a := open(t, strict)
	for i := range 200 {
		size := 100
		if i%10 == 0 {
			size = 200_000
		}
		p := alloc(t, a, size)
		var told atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 4 {
			all.Go(func() {
				<-start
				if e, ok := panicOf(func() { a.Free(p) }).(*MisuseError); ok && e.Kind == DoubleFree && e.State == "free" {
					told.Add(1)
				}
			})
		}
		close(start)
		all.Wait()
		if n := told.Load(); n != 3 {
			t.Fatalf("%d of 4 that freed one block were reported", n)
		}
	}
}

// TestCheckedClose: calls of Malloc and Free that run while the Allocator is closed return
// as they would before or after Close.
func TestCheckedClose(t *testing.T) {
	for range fewer(100) {
		a, err := NewAllocator(strict)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		running := make(chan struct{}, 2)
		for range 2 {
			all.Go(func() {
				for i := 0; ; i++ {
					yield()
					p, err := a.Malloc(i % 5000)
					if err != nil {
						return
					}
					if panicOf(func() { a.Free(p) }) != nil {
						return
					}
					if i == 10 {
						running <- struct{}{}
					}
				}
			})
		}
		<-running
		<-running
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		all.Wait()
	}
}

// BenchmarkChecked measures a pair of Malloc and Free, in the default mode and checked.
func BenchmarkChecked(b *testing.B) {
	for _, size := range []int{16, 64, 1 << 10, 16 << 10} {
		for _, mode := range []string{"default", "checked"} {
			b.Run(fmt.Sprintf("size=%d/mode=%s", size, mode), func(b *testing.B) {
				a := open(b, Options{Checked: mode == "checked"})
				for b.Loop() {
					p, err := a.Malloc(size)
					if err != nil {
						b.Fatal(err)
					}
					a.Free(p)
				}
			})
		}
	}
}
