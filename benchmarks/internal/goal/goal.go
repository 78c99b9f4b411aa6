// SPDX-License-Identifier: Apache-2.0

// Package goal judges results. A Goal is a bound on a figure, or on its ratio to another figure; the
// families of benchmarks have goals for ashlar, and the gate has goals that must be kept.
package goal

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A Figure names one median among the results.
type Figure struct{ Benchmark, Peer string }

// A Goal is a bound on a figure, or on its ratio to another figure.
type Goal struct {
	Text  string
	Ours  Figure
	Other Figure // the zero value if the bound is on our figure itself
	Sense Sense
	Bound float64
}

// A Sense says how figures are compared with the bound.
type Sense int

// The senses.
const (
	AtMost  Sense = iota // ours, or ours ÷ other, is at most the bound
	AtLeast              // ours is at least the bound
	Faster               // other ÷ ours, which are times, is at least the bound
)

// Against compares two peers in one benchmark.
func Against(text, benchmark, ours, other string, sense Sense, bound float64) Goal {
	return Goal{Text: text, Ours: Figure{benchmark, ours}, Other: Figure{benchmark, other}, Sense: sense, Bound: bound}
}

// Alone bounds the figure of one peer.
func Alone(text, benchmark, ours string, sense Sense, bound float64) Goal {
	return Goal{Text: text, Ours: Figure{benchmark, ours}, Sense: sense, Bound: bound}
}

// Judge compares the goal with the medians of the results.
func (g Goal) Judge(r *result.Results) result.Verdict {
	v := result.Verdict{Text: g.Text, Want: g.Want()}
	v.Ours = median(r, g.Ours)
	if g.Other == (Figure{}) {
		v.Value = v.Ours
	} else if v.Other = median(r, g.Other); v.Ours != nil && v.Other != nil {
		ratio := *v.Ours / *v.Other
		if g.Sense == Faster {
			ratio = *v.Other / *v.Ours
		}
		v.Value = &ratio
	}
	v.Met = v.Value != nil && g.holds(*v.Value)
	return v
}

// JudgeAll judges goals in their order.
func JudgeAll(goals []Goal, r *result.Results) []result.Verdict {
	var verdicts []result.Verdict
	for _, g := range goals {
		verdicts = append(verdicts, g.Judge(r))
	}
	return verdicts
}

// median is nil if the figure was not measured.
func median(r *result.Results, f Figure) *float64 {
	if median, ok := r.Median(f.Benchmark, f.Peer); ok {
		return &median
	}
	return nil
}

// holds is false for NaN.
func (g Goal) holds(value float64) bool {
	if g.Sense == AtMost {
		return value <= g.Bound
	}
	return value >= g.Bound
}

// Want is the bound in words.
func (g Goal) Want() string {
	if g.Sense == AtMost {
		return fmt.Sprintf("≤ %s", grid.Significant(g.Bound))
	}
	return fmt.Sprintf("≥ %s", grid.Significant(g.Bound))
}
