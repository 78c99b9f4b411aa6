// SPDX-License-Identifier: Apache-2.0

package result

import (
	"math"
	"strings"

	"golang.org/x/perf/benchmath"
)

// Two runs are compared by benchstat's method, with its own library: medians with their confidence
// intervals, and the Mann-Whitney U test, which assumes nothing about how samples are distributed.

// confidence is that of the intervals around medians.
const confidence = 0.95

// A Change is how a figure of one peer differs between two runs.
type Change struct {
	Benchmark, Peer, Unit string
	Before, After         benchmath.Summary
	Test                  benchmath.Comparison
}

// Compare lists what both documents measured, in the order of the second one. A figure that is derived from
// medians has one sample, which proves nothing: Compare leaves it out.
func Compare(before, after *Document) []Change {
	old := before.Figures()
	var changes []Change
	for _, now := range after.Results {
		was := old.Find(now.Benchmark, now.Peer)
		if was == nil || was.Unit != now.Unit || (len(was.Samples) < 2 && len(now.Samples) < 2) {
			continue
		}
		a, b := was.sample(), now.sample()
		changes = append(changes, Change{
			Benchmark: now.Benchmark, Peer: now.Peer, Unit: now.Unit,
			Before: benchmath.AssumeNothing.Summary(a, confidence),
			After:  benchmath.AssumeNothing.Summary(b, confidence),
			Test:   benchmath.AssumeNothing.Compare(a, b),
		})
	}
	return changes
}

// Significant reports whether the difference is more than chance explains.
func (c Change) Significant() bool {
	return c.Test.P <= c.Test.Alpha && c.Before.Center != c.After.Center
}

// Ratio is the new figure ÷ the old one.
func (c Change) Ratio() float64 { return c.After.Center / c.Before.Center }

// Verdict is the change in words: a tilde if chance explains it.
func (c Change) Verdict() string {
	if !c.Significant() {
		return "~"
	}
	word := "worse"
	if (c.After.Center > c.Before.Center) == moreIsBetter(c.Benchmark, c.Unit) {
		word = "better"
	}
	return c.Test.FormatDelta(c.Before.Center, c.After.Center) + " " + word
}

// moreIsBetter reports whether a larger figure is better: memory that comes back to the kernel, and
// speed-ups. Of all other figures less is better.
func moreIsBetter(benchmark, unit string) bool {
	return unit == Percent || strings.Contains(benchmark, "speedup")
}

// Geomean is the geometric mean of the ratios of a peer's times. It is NaN if there are none.
func Geomean(changes []Change, peer string) float64 {
	sum, n := 0.0, 0
	for _, c := range changes {
		if r := c.Ratio(); c.Peer == peer && IsTime(c.Unit) && r > 0 && !math.IsInf(r, 0) {
			sum += math.Log(r)
			n++
		}
	}
	return math.Exp(sum / float64(n))
}
