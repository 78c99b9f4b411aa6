// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A Family is what the report shows of a family of benchmarks.
type Family struct {
	Name   string // begins the names of its benchmarks
	About  string // what is measured, in a line or two
	Tables func(d *result.Document) []Table
	Goals  []goal.Goal
	// Headlines are the figures for the README. They may be none.
	Headlines []Headline
	// Surveys makes more grids, and says what is missing from them. It may be nil.
	Surveys func(d *result.Document) (grids []*grid.Grid, missing []string)
}

// Options say how a report is shown.
type Options struct {
	Metrics  bool // show the metrics, too
	Spread   bool // show the smallest and the largest sample instead of the spread of the quartiles
	Markdown bool // print Markdown
}

// A Report shows a document.
type Report struct {
	Document *result.Document
	Families []Family
	Options
}

// Print prints the tables.
func (r *Report) Print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "%s\n%s\n\n", r.Document.Machine, r.method()); err != nil {
		return err
	}
	grids, missing := r.grids()
	if err := r.write(out, grids); err != nil {
		return err
	}
	for _, skipped := range slices.Concat(r.Document.Skipped, missing) {
		if _, err := fmt.Fprintln(out, "not measured:", skipped); err != nil {
			return err
		}
	}
	return nil
}

func (o Options) write(out io.Writer, grids []*grid.Grid) error {
	for _, g := range grids {
		write := g.WriteText
		if o.Markdown {
			write = g.WriteMarkdown
		}
		if err := write(out); err != nil {
			return err
		}
	}
	return nil
}

// method says how to read the figures.
func (r *Report) method() string {
	spread := "half the distance between the quartiles"
	if r.Spread {
		spread = "in brackets the smallest and the largest"
	}
	return fmt.Sprintf("medians of %d samples of %v, peers interleaved in random order; spread: %s",
		r.Document.Parameters.Repeats, r.Document.Parameters.Sample, spread)
}

// grids are those that have something to show.
func (r *Report) grids() (grids []*grid.Grid, missing []string) {
	for _, t := range r.tables() {
		grids = append(grids, r.gridsOf(t)...)
	}
	surveys, missing := r.surveys()
	grids = append(grids, surveys...)
	if g := goalGrid(r.verdicts()); g != nil {
		grids = append(grids, g)
	}
	return grids, missing
}

// gridsOf are the grids of the table that have something to show. Those of the metrics are shown if these
// were requested: some metrics come with the figures.
func (r *Report) gridsOf(t Table) []*grid.Grid {
	figures, m := r.Document.Figures(), r.Document.Metrics
	all := []*grid.Grid{t.figures(figures, r.Spread)}
	if t.Times {
		all = append(all, t.ratios(figures))
	}
	if r.Metrics {
		all = append(all, t.throughputs(figures), t.latencies(m), t.resources(m))
	}
	return slices.DeleteFunc(all, func(g *grid.Grid) bool { return g == nil })
}

// tables are all tables of the report in its order: those of times first, then the others.
func (r *Report) tables() []Table {
	var times, others []Table
	for _, f := range r.Families {
		for _, t := range f.Tables(r.Document) {
			if t.Times {
				times = append(times, t)
			} else {
				others = append(others, t)
			}
		}
	}
	return append(times, others...)
}

func (r *Report) surveys() (grids []*grid.Grid, missing []string) {
	for _, f := range r.Families {
		if f.Surveys != nil {
			some, lacking := f.Surveys(r.Document)
			grids, missing = append(grids, some...), append(missing, lacking...)
		}
	}
	return grids, missing
}

// verdicts judges the goals of all families.
func (r *Report) verdicts() []result.Verdict { return Verdicts(r.Families, r.Document.Figures()) }
