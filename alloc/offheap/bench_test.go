// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkMap compares a Map with Go's map at 10 million entries of 8 and 16 bytes, or at a
// thousand. max-ms is the longest insertion.
func BenchmarkMap(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"1k", 1000}, {"10M", 10_000_000}} {
		m, err := NewMap[uint64, [2]uint64](nil, MapOptions{})
		must(b, err)
		g := map[uint64][2]uint64{}
		for _, peer := range []struct {
			name string
			get  func(k uint64) bool
			set  func(k uint64)
		}{
			{"ashlar", func(k uint64) bool { _, ok := m.Get(k); return ok }, func(k uint64) {
				if err := m.Set(k, [2]uint64{k}); err != nil {
					b.Fatal(err)
				}
			}},
			{"gomap", func(k uint64) bool { _, ok := g[k]; return ok }, func(k uint64) { g[k] = [2]uint64{k} }},
		} {
			b.Run("op=fill/size="+size.name+"/peer="+peer.name, func(b *testing.B) {
				longest := time.Duration(0)
				for range b.N {
					random := rand.New(rand.NewPCG(1, 2))
					for range size.n {
						k := random.Uint64()
						begun := time.Now()
						peer.set(k)
						longest = max(longest, time.Since(begun))
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size.n), "ns/set")
				b.ReportMetric(float64(longest.Microseconds())/1000, "max-ms")
			})
			for _, op := range []string{"get", "set"} {
				b.Run("op="+op+"/size="+size.name+"/peer="+peer.name, func(b *testing.B) {
					random, i := rand.New(rand.NewPCG(1, 2)), 0
					for b.Loop() {
						if i++; i > size.n {
							random, i = rand.New(rand.NewPCG(1, 2)), 1
						}
						if k := random.Uint64(); op == "set" {
							peer.set(k)
						} else if !peer.get(k) {
							b.Fatal(k)
						}
					}
				})
			}
		}
		m.Close()
	}
}
