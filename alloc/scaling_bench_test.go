// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// These benchmarks measure the parameters of the model in benchmarks/SCALING.md: how often
// an operation takes a depot's lock, and how long the lock is held. The former depends on
// the program, not on the number of processors.

// A scaled is a workload in which each goroutine performs n operations. A goroutine takes
// blocks from in and passes others to out, batch blocks at a time.
type scaled struct {
	name  string
	batch int
	run   func(a *Allocator, size, n, batch int, in <-chan []unsafe.Pointer, out chan<- []unsafe.Pointer)
}

// A longBatch does not fit into the magazines of a processor.
const (
	shortBatch = 1000
	longBatch  = 20_000
)

var scaledWorkloads = []scaled{
	{"pair", shortBatch, func(a *Allocator, size, n, _ int, _ <-chan []unsafe.Pointer, _ chan<- []unsafe.Pointer) {
		for range n {
			p, _ := a.Malloc(size)
			a.Free(p)
		}
	}},
	{"random", shortBatch, func(a *Allocator, size, n, batch int, _ <-chan []unsafe.Pointer, _ chan<- []unsafe.Pointer) {
		slots := make([]unsafe.Pointer, batch)
		random := rand.New(rand.NewPCG(1, 2))
		for range n {
			slot := &slots[random.IntN(len(slots))]
			a.Free(*slot)
			*slot, _ = a.Malloc(size)
		}
		freeBatch(a, slots)
	}},
	{"batch", shortBatch, scaledBatches},
	{"batch20000", longBatch, scaledBatches},
	{"remote", shortBatch, scaledRemote},
	{"remote20000", longBatch, scaledRemote},
}

func scaledBatches(a *Allocator, size, n, batch int, _ <-chan []unsafe.Pointer, _ chan<- []unsafe.Pointer) {
	blocks := make([]unsafe.Pointer, batch)
	for range n / batch {
		fillBatch(a, blocks, size)
		freeBatch(a, blocks)
	}
}

func scaledRemote(a *Allocator, size, n, batch int, in <-chan []unsafe.Pointer, out chan<- []unsafe.Pointer) {
	for range n / batch {
		blocks := <-in
		freeBatch(a, blocks)
		fillBatch(a, blocks, size)
		out <- blocks
	}
}

func fillBatch(a *Allocator, blocks []unsafe.Pointer, size int) {
	for i := range blocks {
		blocks[i], _ = a.Malloc(size)
	}
}

func freeBatch(a *Allocator, blocks []unsafe.Pointer) {
	for i := range blocks {
		a.Free(blocks[i])
		blocks[i] = nil
	}
}

// BenchmarkScaling runs one goroutine for each processor. It reports locks/op, which is how
// often an operation takes a depot's lock, and wait-ns/op, the time for which goroutines
// wait for locks. Without grown, magazines have the size with which they begin, and grow only
// if the goroutines compete enough for the lock.
func BenchmarkScaling(b *testing.B) {
	for _, w := range scaledWorkloads {
		for _, size := range []int{64, 1 << 10, 128 << 10} {
			if size == 128<<10 && w.batch == longBatch {
				continue // 2.5 GiB for each processor
			}
			for _, procs := range []int{1, 2, 4, 16, 64} {
				for _, grown := range []bool{false, true} {
					b.Run(fmt.Sprintf("workload=%s/size=%d/procs=%d/grown=%v", w.name, size, procs, grown), func(b *testing.B) {
						benchmarkScaled(b, w, size, procs, grown)
					})
				}
			}
		}
	}
}

func benchmarkScaled(b *testing.B, w scaled, size, procs int, grown bool) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	a := open(b, Options{Decay: -1})
	if grown && size < sizeclass.LargeMin {
		a.depots[sizeclass.Of(size)].Grow()
	}
	ring := make([]chan []unsafe.Pointer, procs)
	for i := range ring {
		ring[i] = make(chan []unsafe.Pointer, 2)
		ring[i] <- make([]unsafe.Pointer, w.batch)
	}
	n := (b.N/procs/w.batch + 1) * w.batch
	run := func(n int) {
		var done sync.WaitGroup
		for i := range procs {
			done.Go(func() { w.run(a, size, n, w.batch, ring[i], ring[(i+1)%procs]) })
		}
		done.Wait()
	}
	run(4 * w.batch) // creates spans and magazines
	locks, wait := exchanges(a), lockWait()
	b.ResetTimer()
	run(n)
	b.StopTimer()
	ops := float64(n * procs)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/ops, "ns/op")
	b.ReportMetric(float64(exchanges(a)-locks)/ops, "locks/op")
	b.ReportMetric((lockWait()-wait)*1e9/ops, "wait-ns/op")
	for i := range ring {
		freeBatch(a, <-ring[i])
	}
}

// exchanges returns how often caches took the depots' locks.
func exchanges(a *Allocator) (n int64) {
	s := a.Stats()
	for i := range s.Classes {
		n += s.Classes[i].Exchanges
	}
	return n
}

// lockWait returns the seconds for which goroutines have waited for mutexes.
func lockWait() float64 {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}

// BenchmarkDepotLock: all goroutines take magazines and put them back, which saturates the
// lock. The time of an operation is the cost of taking a contended lock once.
func BenchmarkDepotLock(b *testing.B) {
	for _, procs := range []int{1, 2, 4, 64} {
		b.Run(fmt.Sprintf("procs=%d", procs), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			c := sizeclass.Of(64)
			a := open(b, Options{Decay: -1})
			blocks := make([]unsafe.Pointer, 64*int(smallheap.Capacity(c)))
			fillBatch(a, blocks, 64)
			freeBatch(a, blocks) // enough magazines for all goroutines
			d := &a.depots[c]
			b.SetParallelism(1)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					m, err := d.TakeFull(c, 0, smallheap.Capacity(c))
					if err != nil {
						b.Error(err)
						return
					}
					d.Put(c, m)
				}
			})
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/lock")
		})
	}
}
