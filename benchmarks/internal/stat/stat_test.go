// SPDX-License-Identifier: Apache-2.0

package stat

import (
	"math"
	"testing"
)

func TestSummarize(t *testing.T) {
	tests := []struct {
		name    string
		samples []float64
		want    Summary
	}{
		{"one", []float64{7}, Summary{1, 7, 7, 7, 7, 7}},
		{"odd, unsorted", []float64{5, 1, 4, 2, 3}, Summary{5, 1, 2, 3, 4, 5}},
		{"even", []float64{4, 1, 3, 2}, Summary{4, 1, 1.75, 2.5, 3.25, 4}},
		{"an outlier moves only the maximum", []float64{1, 2, 3, 4, 1e9}, Summary{5, 1, 2, 3, 4, 1e9}},
		{"equal", []float64{2, 2, 2, 2}, Summary{4, 2, 2, 2, 2, 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Summarize(test.samples); got != test.want {
				t.Errorf("Summarize(%v) = %+v, want %+v", test.samples, got, test.want)
			}
		})
	}
}

func TestSummarizeNothing(t *testing.T) {
	if got := Summarize(nil); got.N != 0 || !math.IsNaN(got.Median) {
		t.Errorf("Summarize(nil) = %+v, want no samples and NaN", got)
	}
}

func TestSummarizeLeavesSamplesAlone(t *testing.T) {
	samples := []float64{3, 1, 2}
	Summarize(samples)
	if samples[0] != 3 || samples[1] != 1 || samples[2] != 2 {
		t.Errorf("samples were reordered: %v", samples)
	}
}

func TestSpread(t *testing.T) {
	if got := Summarize([]float64{90, 95, 100, 105, 110}).Spread(); math.Abs(got-0.05) > 1e-12 {
		t.Errorf("Spread = %v, want 0.05", got)
	}
	if got := Summarize([]float64{4, 4, 4}).Spread(); got != 0 {
		t.Errorf("Spread of equal samples = %v, want 0", got)
	}
}
