// SPDX-License-Identifier: Apache-2.0

package result

import (
	"slices"

	"golang.org/x/perf/benchmath"

	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
)

// The units of results. Times are for one operation.
const (
	Nanoseconds  = "ns"
	Milliseconds = "ms"
	Kibibytes    = "KiB"
	Percent      = "%"
	Times        = "×"
)

// IsTime reports whether the unit is one of time.
func IsTime(unit string) bool { return unit == Nanoseconds || unit == Milliseconds }

// A Result is everything that was measured of one peer in one benchmark.
type Result struct {
	Benchmark string    `json:"benchmark"`
	Peer      string    `json:"peer"`
	Unit      string    `json:"unit"`
	Samples   []float64 `json:"samples"`
}

// Summary ranks the samples.
func (r *Result) Summary() stat.Summary { return stat.Summarize(r.Samples) }

// RatioTo is the result's median ÷ the other's.
func (r *Result) RatioTo(other *Result) float64 { return r.Summary().Median / other.Summary().Median }

// sample returns a copy of the samples, which benchmath sorts.
func (r *Result) sample() *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(r.Samples), &benchmath.DefaultThresholds)
}

// BeyondChance reports whether the two results differ by more than chance explains.
func (r *Result) BeyondChance(other *Result) bool {
	test := benchmath.AssumeNothing.Compare(r.sample(), other.sample())
	return test.P <= test.Alpha
}

// Results keeps results in the order in which they were first added. The zero value is empty.
type Results struct{ List []*Result }

// Add appends samples to the result of the benchmark and peer.
func (r *Results) Add(benchmark, peer, unit string, samples ...float64) {
	found := r.Find(benchmark, peer)
	if found == nil {
		found = &Result{Benchmark: benchmark, Peer: peer, Unit: unit}
		r.List = append(r.List, found)
	}
	found.Samples = append(found.Samples, samples...)
}

// AddAll appends the samples of other results.
func (r *Results) AddAll(others []*Result) {
	for _, other := range others {
		r.Add(other.Benchmark, other.Peer, other.Unit, other.Samples...)
	}
}

// Find returns nil if nothing was measured of the peer in the benchmark.
func (r *Results) Find(benchmark, peer string) *Result {
	for _, candidate := range r.List {
		if candidate.Benchmark == benchmark && candidate.Peer == peer {
			return candidate
		}
	}
	return nil
}

// Median reports also whether there is a result.
func (r *Results) Median(benchmark, peer string) (float64, bool) {
	found := r.Find(benchmark, peer)
	if found == nil || len(found.Samples) == 0 {
		return 0, false
	}
	return found.Summary().Median, true
}

// Peers lists the peers that have a result in any of the benchmarks, in the order of first mention.
func (r *Results) Peers(benchmarks ...string) []string {
	var peers []string
	seen := make(map[string]bool)
	for _, benchmark := range benchmarks {
		for _, found := range r.List {
			if found.Benchmark == benchmark && !seen[found.Peer] {
				seen[found.Peer] = true
				peers = append(peers, found.Peer)
			}
		}
	}
	return peers
}

// DeriveRatio adds the benchmark whose figure is above ÷ below, for each peer that has both.
func (r *Results) DeriveRatio(benchmark, above, below string) {
	for _, peer := range r.Peers(above) {
		a, okAbove := r.Median(above, peer)
		b, okBelow := r.Median(below, peer)
		if okAbove && okBelow {
			r.Add(benchmark, peer, Times, a/b)
		}
	}
}
