package alloc

import (
	"fmt"
	"io"
	"testing"
)

// BenchmarkSampling is the allocate-free pair without sampling, with sampling as it is by
// default, and with a sample of every block.
func BenchmarkSampling(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 16 << 10} {
		for _, rate := range []int{-1, DefaultProfileRate, 1} {
			b.Run(fmt.Sprintf("size=%d/rate=%d", size, rate), func(b *testing.B) {
				a := open(b, Options{Decay: -1, ProfileRate: rate})
				for b.Loop() {
					p, _ := a.Malloc(size)
					a.Free(p)
				}
			})
		}
	}
}

// BenchmarkWriteHeapProfile writes a profile of 100,000 live samples.
func BenchmarkWriteHeapProfile(b *testing.B) {
	a := open(b, Options{Decay: -1, ProfileRate: 1})
	for range 100_000 {
		alloc(b, a, 64)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := a.WriteHeapProfile(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(a.profile.Usage().Bytes), "profiler-B")
}
