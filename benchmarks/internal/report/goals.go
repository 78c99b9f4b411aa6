// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/page"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// Verdicts judges the goals of all families.
func Verdicts(families []Family, r *result.Results) []result.Verdict {
	var verdicts []result.Verdict
	for _, f := range families {
		verdicts = append(verdicts, goal.JudgeAll(f.Goals, r)...)
	}
	return verdicts
}

// goalGrid lists the goals whose figures were measured. It is nil if there are none.
func goalGrid(verdicts []result.Verdict) *grid.Grid {
	g := &grid.Grid{
		Title:  "Goals",
		Header: []string{"goal", "ashlar", "other", "value", "wanted", "verdict"},
		Left:   map[int]bool{5: true},
	}
	missing := 0
	for _, v := range verdicts {
		if v.Value == nil {
			missing++
			continue
		}
		word := "missed"
		if v.Met {
			word = "met"
		}
		g.Add(v.Text, orDash(v.Ours), orDash(v.Other), grid.Significant(*v.Value), v.Want, word)
	}
	if len(g.Rows) == 0 {
		return nil
	}
	if missing > 0 {
		g.Notes = append(g.Notes, fmt.Sprintf("%d more goals were not measured in this run", missing))
	}
	return g
}

func orDash(x *float64) string {
	if x == nil {
		return "–"
	}
	return grid.Significant(*x)
}

// judged divides the goals that were measured, for the page.
func judged(verdicts []result.Verdict) (missed, met []page.Goal, unjudged int) {
	for _, v := range verdicts {
		if v.Value == nil {
			unjudged++
			continue
		}
		goal := page.Goal{Text: v.Text, Value: grid.Significant(*v.Value), Want: v.Want}
		if v.Met {
			met = append(met, goal)
		} else {
			missed = append(missed, goal)
		}
	}
	return missed, met, unjudged
}
