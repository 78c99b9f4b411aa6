// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A Table shows the figures of some benchmarks, peers side by side.
type Table struct {
	Title    string
	Pattern  string // -run selects its benchmarks by this
	First    string // heads the column of labels
	Lines    []Line
	Notes    []string
	Times    bool   // figures are times of one operation, for which ratios make sense
	Observed []Line // the benchmarks that have metrics, if those are not the lines
	Main     bool   // its figures are among those that a newcomer asks for

	Scales []Scaling              // throughputs that are drawn
	About  map[string]string      // notes on benchmarks, shown if these were measured
	Peers  func(name string) bool // the peers to be shown; nil for all
}

// A Scaling is one workload by numbers of goroutines.
type Scaling struct {
	Label      string
	Processors int // that the goroutines share
	Goroutines []int
	Benchmark  func(goroutines int) string
}

// A Line is one benchmark, under the name that the tables give it.
type Line struct{ Benchmark, Label string }

// Benchmarks lists the benchmarks of the lines.
func (t *Table) Benchmarks() []string {
	var names []string
	for _, l := range t.Lines {
		names = append(names, l.Benchmark)
	}
	return names
}

// shown keeps the peers that the table shows.
func (t *Table) shown(peers []string) []string {
	return slices.DeleteFunc(peers, func(peer string) bool { return t.Peers != nil && !t.Peers(peer) })
}

// measured lists the peers to be shown that have a figure. A table that chooses peers shows none if ashlar
// is the only one left.
func (t *Table) measured(r *result.Results) []string {
	peers := t.shown(r.Peers(t.Benchmarks()...))
	if t.Peers != nil && !slices.ContainsFunc(peers, isOther) {
		return nil
	}
	return peers
}

func isOther(name string) bool { return !peer.IsOurs(name) }

// figures is the grid of medians. It is nil if nothing of the table was measured.
func (t *Table) figures(r *result.Results, extremes bool) *grid.Grid {
	g := t.grid(r, t.Title, func(found *result.Result) string { return grid.Median(found.Summary(), extremes) })
	if g == nil {
		return nil
	}
	g.Notes = slices.Clone(t.Notes)
	for _, l := range t.Lines {
		if about := t.About[l.Benchmark]; about != "" && len(t.shown(r.Peers(l.Benchmark))) > 0 {
			g.Notes = append(g.Notes, about)
		}
	}
	return g
}

// throughputs is the grid of what the goroutines do together in a second. It is nil if the table is not
// about that.
func (t *Table) throughputs(r *result.Results) *grid.Grid {
	if len(t.Scales) == 0 {
		return nil
	}
	return t.grid(r, "The same: million operations a second", func(found *result.Result) string {
		return grid.Significant(1e3 / found.Summary().Median)
	})
}

// grid has a row for each line and a column for each peer. It is nil if nothing was measured.
func (t *Table) grid(r *result.Results, title string, cellOf func(*result.Result) string) *grid.Grid {
	peers := t.measured(r)
	if len(peers) == 0 {
		return nil
	}
	g := &grid.Grid{Title: title, Header: append([]string{t.First}, peers...)}
	for _, l := range t.Lines {
		cells, any := []string{l.Label}, false
		for _, peer := range peers {
			cell := "–"
			if found := r.Find(l.Benchmark, peer); found != nil {
				cell, any = cellOf(found), true
			}
			cells = append(cells, cell)
		}
		if any {
			g.Add(cells...)
		}
	}
	return g
}

// ratios is the grid of the peers' times ÷ ashlar's, for a table of times. It is nil if ashlar or all its
// peers were not measured.
func (t *Table) ratios(r *result.Results) *grid.Grid {
	peers := slices.DeleteFunc(t.measured(r), func(name string) bool { return !isOther(name) || name == peer.Loop })
	g := &grid.Grid{
		Title:  "The same: a peer's time ÷ ashlar's (below 1 ashlar loses)",
		Header: append([]string{t.First, "of"}, peers...),
		Left:   map[int]bool{1: true},
	}
	for _, l := range t.Lines {
		for _, kind := range peer.All() {
			if !kind.Ours {
				continue
			}
			if own, ok := r.Median(l.Benchmark, kind.Name); ok {
				g.Add(append([]string{l.Label, kind.Name}, ratioCells(r, l.Benchmark, own, peers)...)...)
			}
		}
	}
	if len(peers) == 0 || len(g.Rows) == 0 {
		return nil
	}
	return g
}

func ratioCells(r *result.Results, benchmark string, own float64, peers []string) []string {
	var cells []string
	for _, peer := range peers {
		cell := "–"
		if median, ok := r.Median(benchmark, peer); ok {
			cell = grid.Significant(median / own)
		}
		cells = append(cells, cell)
	}
	return cells
}
