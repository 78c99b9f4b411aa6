// SPDX-License-Identifier: Apache-2.0

// Package stat summarises repeated measurements. On a shared machine measurements have a long upper tail, so
// the summary is by rank (median and quartiles), not by mean and deviation. It uses all samples: no figure is
// the best of several.
package stat

import (
	"math"
	"slices"
)

// A Summary describes a set of samples by rank, in the samples' own unit.
type Summary struct {
	N                           int
	Min, Low, Median, High, Max float64 // Low and High are the quartiles
}

// Summarize ranks a copy of the samples. Without samples all figures are NaN.
func Summarize(samples []float64) Summary {
	sorted := slices.Sorted(slices.Values(samples))
	return Summary{
		N:      len(sorted),
		Min:    quantile(sorted, 0),
		Low:    quantile(sorted, 0.25),
		Median: quantile(sorted, 0.5),
		High:   quantile(sorted, 0.75),
		Max:    quantile(sorted, 1),
	}
}

// Median returns the middle sample, or the mean of the two in the middle.
func Median(samples []float64) float64 { return Summarize(samples).Median }

// Spread is half the distance between the quartiles as a share of the median.
func (s Summary) Spread() float64 { return (s.High - s.Low) / 2 / s.Median }

// quantile interpolates linearly between the two nearest ranks of sorted samples
// (definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996).
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := q * float64(len(sorted)-1)
	below := int(rank)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (rank-float64(below))*(sorted[above]-sorted[below])
}
