// SPDX-License-Identifier: Apache-2.0

package result

import (
	"math"
	"strings"
	"testing"
)

// shifted returns n samples around a centre, no two of them equal.
func shifted(centre float64, n int) []float64 {
	samples := make([]float64, n)
	for i := range samples {
		samples[i] = centre + 0.01*(float64(i)-float64(n-1)/2)
	}
	return samples
}

func oneResult(benchmark, unit string, samples []float64) *Document {
	d := new(Results)
	d.Add(benchmark, "ashlar", unit, samples...)
	return &Document{Schema: Schema, Results: d.List}
}

func TestVerdicts(t *testing.T) {
	noise := []float64{10.1, 9.8, 10.3, 9.7, 10.2, 9.9, 10.4, 9.6}
	tests := []struct {
		name, benchmark, unit string
		before, after         []float64
		want                  string // start of the verdict
		end                   string
	}{
		{"slower", "pair/size=64", Nanoseconds, shifted(10, 8), shifted(12, 8), "+20.00%", "worse"},
		{"faster", "pair/size=64", Nanoseconds, shifted(10, 8), shifted(5, 8), "-50.00%", "better"},
		{"more comes back", "live/back", Percent, shifted(50, 8), shifted(75, 8), "+50.00%", "better"},
		{"scales worse", "parallel/size=64/speedup-2", Times, shifted(2, 8), shifted(1.5, 8), "-25.00%", "worse"},
		{"equal", "pair/size=64", Nanoseconds, shifted(10, 8), shifted(10, 8), "~", "~"},
		{"noise", "pair/size=64", Nanoseconds, noise, []float64{10, 10.15, 9.75, 10.05, 9.95, 10.25, 9.85, 9.65}, "~", "~"},
		{"too few to tell", "pair/size=64", Nanoseconds, shifted(10, 3), shifted(20, 3), "~", "~"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changes := Compare(oneResult(test.benchmark, test.unit, test.before), oneResult(test.benchmark, test.unit, test.after))
			if len(changes) != 1 {
				t.Fatalf("%d changes", len(changes))
			}
			if got := changes[0].Verdict(); !strings.HasPrefix(got, test.want) || !strings.HasSuffix(got, test.end) {
				t.Errorf("verdict %q, want %q … %q", got, test.want, test.end)
			}
		})
	}
}

func TestGeomean(t *testing.T) {
	var before, after Results
	add := func(benchmark, peer, unit string, old, now float64) {
		before.Add(benchmark, peer, unit, shifted(old, 8)...)
		after.Add(benchmark, peer, unit, shifted(now, 8)...)
	}
	add("a", "ashlar", Nanoseconds, 10, 20)
	add("b", "ashlar", Nanoseconds, 10, 80)
	add("b", "modernc", Nanoseconds, 10, 10)
	add("c", "ashlar", Kibibytes, 10, 1000) // no time
	before.Add("gone", "ashlar", Nanoseconds, 1, 2, 3)
	after.Add("new", "ashlar", Nanoseconds, 1, 2, 3)
	changes := Compare(&Document{Results: before.List}, &Document{Results: after.List})
	if len(changes) != 4 {
		t.Errorf("%d changes, want the 4 that both runs have", len(changes))
	}
	if got := Geomean(changes, "ashlar"); math.Abs(got-4) > 0.01 {
		t.Errorf("geometric mean of 2 and 8 is %v", got)
	}
	if got := Geomean(changes, "modernc"); math.Abs(got-1) > 0.001 {
		t.Errorf("geometric mean of a peer that did not change is %v", got)
	}
}
