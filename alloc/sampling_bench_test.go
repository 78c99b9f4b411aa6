// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"testing"
)

// BenchmarkSampling measures a pair of Malloc and Free without sampling, with the default
// sampling, and with every block sampled.
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

// BenchmarkSample measures a pair of Malloc and Free of a sampled block: in a goroutine
// without labels, in one with two labels, and for a profile that /debug/pprof lists.
func BenchmarkSample(b *testing.B) {
	pairs := func(b *testing.B, a *Allocator) {
		for b.Loop() {
			p, _ := a.Malloc(64)
			a.Free(p)
		}
	}
	sampled := Options{Decay: -1, ProfileRate: 1}
	b.Run("plain", func(b *testing.B) { pairs(b, open(b, sampled)) })
	b.Run("labels", func(b *testing.B) {
		a := open(b, sampled)
		pprof.Do(b.Context(), pprof.Labels("route", "/user", "tenant", "acme"), func(context.Context) { pairs(b, a) })
	})
	b.Run("published", func(b *testing.B) {
		a := open(b, sampled)
		a.Profile().Publish("ashlar-benchmark")
		pairs(b, a)
	})
}

// BenchmarkProfile writes a profile of 100,000 live samples, of one stack and of 8,000
// stacks of about twenty frames. total-B is the memory that this takes: what the profiler
// uses, and everything that writing one profile allocates on the Go heap, including what is
// freed meanwhile.
func BenchmarkProfile(b *testing.B) {
	for _, stacks := range []uint{1, 8000} {
		b.Run(fmt.Sprintf("samples=100000/stacks=%d", stacks), func(b *testing.B) {
			a := manySamples(b, 100_000, stacks)
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Profile().Write(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(profileTakes(b, a)), "total-B")
		})
	}
}

// TestProfileTakes: writing a profile of 100,000 live samples takes at most 64 MiB,
// including the memory of the profiler.
func TestProfileTakes(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("samples a hundred thousand blocks")
	}
	if n := profileTakes(t, manySamples(t, 100_000, 8000)); n > 64<<20 {
		t.Errorf("%d bytes, more than 64 MiB", n)
	}
}

// manySamples returns an Allocator with the given number of live samples, of the given
// number of stacks.
func manySamples(t testing.TB, samples, stacks uint) *Allocator {
	a := open(t, Options{Decay: -1, ProfileRate: 1})
	for i := range samples {
		mallocAt(t, a, i*stacks/samples, 13) // all samples of a stack come together
	}
	if u := a.profile.Usage(); u.Samples != int64(samples) || u.Stacks != int64(stacks) || u.Dropped.Samples != 0 {
		t.Fatalf("%+v, want %d samples of %d stacks", u, samples, stacks)
	}
	return a
}

// mallocAt allocates with a different stack for each number below 1<<bits.
//
//go:noinline
func mallocAt(t testing.TB, a *Allocator, n uint, bits int) {
	switch {
	case bits == 0:
		alloc(t, a, 64)
	case n&1 == 0:
		mallocAt(t, a, n>>1, bits-1)
	default:
		mallocAt(t, a, n>>1, bits-1)
	}
}

// profileTakes returns the bytes that the profiler uses and the bytes that writing one
// profile allocates on the Go heap.
func profileTakes(t testing.TB, a *Allocator) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := a.Profile().Write(io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc-before.TotalAlloc) + a.profile.Usage().Bytes
}
