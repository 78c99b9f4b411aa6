// SPDX-License-Identifier: Apache-2.0

package family

import (
	"runtime"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
)

// The timed families are Go benchmarks, too, for use with benchstat:
//
//	go test -C benchmarks ./internal/family -run '^$' -bench Pair -count 10 | benchstat -col /peer -

func BenchmarkPair(b *testing.B)     { benchmarkFamily(b, "pair") }
func BenchmarkBatch(b *testing.B)    { benchmarkFamily(b, "batch") }
func BenchmarkParallel(b *testing.B) { benchmarkFamily(b, "parallel") }
func BenchmarkRemote(b *testing.B)   { benchmarkFamily(b, "remote") }

// benchmarkFamily runs each workload of a timed family, warmed up, for b.N operations.
func benchmarkFamily(b *testing.B, name string) {
	for _, f := range All() {
		if f.Name != name {
			continue
		}
		for _, benchmark := range f.Benchmarks(harness.Defaults()) {
			err := harness.Intercept(All(), benchmark.Name, func(_ string, contenders []harness.Contender) error {
				for _, c := range contenders {
					if timed := c.Sampler.(*harness.Timed); !timed.AnotherClock {
						b.Run(strings.TrimPrefix(benchmark.Name, name+"/")+"/peer="+c.Peer, func(b *testing.B) { benchmarkWorkload(b, timed.Open) })
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func benchmarkWorkload(b *testing.B, open func() harness.Workload) {
	w := open()
	defer w.Close()
	w.Run(4 * peer.Window)
	b.ResetTimer()
	w.Run(b.N)
	b.StopTimer()
}

// BenchmarkGrow grows a buffer to 256 MiB in each operation. Unlike in the program, where each growth
// has a process of its own, memory may be left from the operation before.
func BenchmarkGrow(b *testing.B) {
	for _, fill := range fills {
		for _, kind := range peer.WithBuffers() {
			b.Run("fill="+fill.name+"/peer="+kind.Name, func(b *testing.B) {
				for range b.N {
					b.StopTimer()
					runtime.GC()
					buffer := kind.Buffer()
					b.StartTimer()
					growOnce(buffer, 256<<20, fill.write)
					b.StopTimer()
					buffer.Close()
				}
			})
		}
	}
}
