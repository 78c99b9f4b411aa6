// SPDX-License-Identifier: Apache-2.0

package result

import "testing"

func TestDeriveRatio(t *testing.T) {
	r := new(Results)
	r.Add("benchmark", "ashlar", Nanoseconds, 10, 12, 8)
	r.Add("benchmark", "modernc", Nanoseconds, 5)
	r.Add("other", "ashlar", Nanoseconds, 20)
	r.DeriveRatio("derived", "other", "benchmark")
	if got, ok := r.Median("derived", "ashlar"); !ok || got != 2 {
		t.Errorf("derived ratio %v, %v, want 2", got, ok)
	}
	if _, ok := r.Median("derived", "modernc"); ok {
		t.Error("a ratio was derived from one figure")
	}
}

// TestFiguresAreMedians: a figure is the median of all samples, not the best one.
func TestFiguresAreMedians(t *testing.T) {
	var r Results
	r.Add("benchmark", "ashlar", Nanoseconds, 10, 30)
	r.AddAll([]*Result{{Benchmark: "benchmark", Peer: "ashlar", Unit: Nanoseconds, Samples: []float64{20, 40, 50}}})
	if got, ok := r.Median("benchmark", "ashlar"); !ok || got != 30 || len(r.List) != 1 {
		t.Errorf("the median of 10 to 50 is %v, %v", got, ok)
	}
	if _, ok := r.Median("benchmark", "nobody"); ok {
		t.Error("a figure without samples")
	}
}
