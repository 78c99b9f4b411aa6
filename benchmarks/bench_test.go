package main

import (
	"fmt"
	"runtime"
	"testing"
)

// The benchmarks run the same workloads as the program, for use with benchstat:
//
//	go test -run '^$' -bench Pair -count 10 | benchstat -col /peer -

// benchmarkWorkload runs one workload, warmed up, for b.N operations.
func benchmarkWorkload(b *testing.B, open func() workload) {
	w := open()
	defer w.close()
	w.run(4 * window)
	b.ResetTimer()
	w.run(b.N)
	b.StopTimer()
}

func BenchmarkPair(b *testing.B) {
	for _, size := range pairSizes {
		for _, kind := range pairPeers {
			b.Run(fmt.Sprintf("size=%d/peer=%s", size, kind.name), func(b *testing.B) {
				benchmarkWorkload(b, func() workload { return newPair(kind, size) })
			})
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	for _, order := range batchOrders {
		for _, kind := range pairPeers {
			b.Run(fmt.Sprintf("order=%s/n=%d/size=%d/peer=%s", order.name, batchLength, batchSize, kind.name), func(b *testing.B) {
				benchmarkWorkload(b, func() workload { return newBatch(kind, batchSize, order.make(batchLength)) })
			})
		}
	}
}

func BenchmarkParallel(b *testing.B) {
	for _, goroutines := range parallelGoroutines {
		for _, size := range parallelSizes {
			for _, kind := range parallelPeers {
				b.Run(fmt.Sprintf("goroutines=%d/size=%d/peer=%s", goroutines, size, kind.name), func(b *testing.B) {
					benchmarkWorkload(b, func() workload { return newParallel(kind, size, goroutines) })
				})
			}
		}
	}
}

func BenchmarkRemote(b *testing.B) {
	shapes := []struct {
		name string
		open func(peerKind, int) workload
	}{
		{"local", newLocalBatches},
		{"remote", newRemote},
	}
	for _, shape := range shapes {
		for _, kind := range remotePeers {
			b.Run(fmt.Sprintf("free=%s/size=%d/peer=%s", shape.name, remoteSize, kind.name), func(b *testing.B) {
				benchmarkWorkload(b, func() workload { return shape.open(kind, remoteSize) })
			})
		}
	}
}

// BenchmarkGrow grows a buffer to 256 MiB in each operation. Other than in the program, where each growth
// has a process of its own, memory may be left from the operation before.
func BenchmarkGrow(b *testing.B) {
	for _, fill := range fills {
		for _, g := range growables {
			b.Run(fmt.Sprintf("fill=%s/peer=%s", fill.name, g.name), func(b *testing.B) {
				for range b.N {
					b.StopTimer()
					runtime.GC()
					buffer := g.open()
					b.StartTimer()
					growOnce(buffer, 256<<20, fill.write)
					b.StopTimer()
					buffer.close()
				}
			})
		}
	}
}
