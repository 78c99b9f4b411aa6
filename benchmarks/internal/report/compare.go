// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// Compare prints how the figures of two documents differ.
func (o Options) Compare(out io.Writer, before, after *result.Document) error {
	changes := result.Compare(before, after)
	if len(changes) == 0 {
		return fmt.Errorf("-compare: the runs have no repeated figure in common")
	}
	return o.write(out, []*grid.Grid{changeGrid(changes, before, after), geomeanGrid(changes)})
}

func changeGrid(changes []result.Change, before, after *result.Document) *grid.Grid {
	g := &grid.Grid{
		Title:  "Compared: medians with their confidence intervals",
		Header: []string{"benchmark", "peer", "unit", "old", "new", "change", "test"},
		Left:   map[int]bool{1: true, 2: true, 5: true},
	}
	if before.Machine != after.Machine {
		g.Notes = append(g.Notes, "the machines differ: old "+before.Machine.String()+"; new "+after.Machine.String())
	}
	warned := make(map[string]bool)
	for _, c := range changes {
		g.Add(c.Benchmark, c.Peer, c.Unit, centre(c.Before), centre(c.After), c.Verdict(), c.Test.String())
		for _, warning := range slices.Concat(c.Before.Warnings, c.After.Warnings, c.Test.Warnings) {
			if text := warning.Error(); !warned[text] {
				warned[text] = true
				g.Notes = append(g.Notes, text+": -repeats")
			}
		}
	}
	g.Notes = append(g.Notes, "~: chance may have made the difference, by the Mann-Whitney U test")
	return g
}

// centre is the median with the wider side of its confidence interval.
func centre(s benchmath.Summary) string {
	return grid.Significant(s.Center) + " ±" + s.PctRangeString()
}

func geomeanGrid(changes []result.Change) *grid.Grid {
	g := &grid.Grid{
		Title:  "Compared: geometric mean of new time ÷ old time",
		Header: []string{"peer", "ratio"},
	}
	var peers []string
	for _, c := range changes {
		if !slices.Contains(peers, c.Peer) {
			peers = append(peers, c.Peer)
		}
	}
	for _, peer := range peers {
		if ratio := result.Geomean(changes, peer); !math.IsNaN(ratio) {
			g.Add(peer, fmt.Sprintf("%.3f", ratio))
		}
	}
	g.Notes = append(g.Notes, "a peer that did not change between the runs shows by its ratio how the machine did")
	return g
}
