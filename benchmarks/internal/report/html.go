// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/page"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// WriteHTML writes the report with charts.
func (r *Report) WriteHTML(file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := r.Page().Write(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// Page makes the page of the report. It shows all metrics that there are, whether or not these were requested.
func (r *Report) Page() *page.Page {
	all := *r
	all.Metrics = true
	d := r.Document
	p := &page.Page{
		Title:   "ashlar beside its peers",
		Intro:   []string{d.Machine.String(), r.method(), d.Time.UTC().Format("2 January 2006, 15:04 UTC")},
		Command: d.Command(d.Run),
		Series:  r.series(),
		Notes:   d.Skipped,
	}
	p.Missed, p.Met, p.Unjudged = judged(r.verdicts())
	for _, t := range all.tables() {
		grids := all.gridsOf(t)
		if len(grids) == 0 {
			continue
		}
		p.Tables = append(p.Tables, page.Table{
			ID:      fmt.Sprintf("table-%d", len(p.Tables)+1),
			Name:    t.shortTitle(),
			Title:   t.Title,
			Command: d.Command(t.Pattern, "-html report.html"),
			Machine: d.Machine.String(),
			Says:    t.losses(d.Figures()),
			Charts:  t.charts(d),
			Grids:   grids,
		})
	}
	surveys, missing := r.surveys()
	p.Notes = slices.Concat(p.Notes, missing)
	if len(surveys) > 0 {
		p.Tables = append(p.Tables, page.Table{
			ID: "surveys", Name: "Traced objects", Title: "What the traces are like",
			Command: d.Command("^trace/", "-html report.html"), Machine: d.Machine.String(), Grids: surveys,
		})
	}
	return p
}

// shortTitle is the title's word for what the benchmarks do, with what keeps those of one kind apart.
func (t *Table) shortTitle() string {
	word, _, _ := strings.Cut(t.Title, ":")
	word, _, _ = strings.Cut(word, ",")
	if size, ok := strings.CutPrefix(t.Pattern, "^live/size="); ok {
		word += " " + strings.TrimSuffix(size, "/") + " B"
	}
	return word
}

// series are all that charts show, ours first. A peer whose memory was observed in several processes has a
// series for each of them.
func (r *Report) series() []page.Series {
	var names []string
	for _, found := range r.Document.Results {
		names = append(names, found.Peer)
	}
	for _, t := range r.tables() {
		for _, p := range t.residents(r.Document.Metrics) {
			names = append(names, p.Series)
		}
	}
	var ours, others []page.Series
	for i, name := range names {
		switch base, _, _ := strings.Cut(name, ","); {
		case slices.Index(names, name) < i: // seen
		case peer.IsOurs(base):
			ours = append(ours, page.Series{Name: name, Ours: true})
		default:
			others = append(others, page.Series{Name: name})
		}
	}
	return append(ours, others...)
}

// losses says in words which peers are faster than ashlar, and where.
func (t *Table) losses(r *result.Results) []string {
	if !t.Times {
		return nil
	}
	var says []string
	for _, l := range t.Lines {
		own := r.Find(l.Benchmark, peer.Ashlar)
		if own == nil {
			continue
		}
		var faster []string
		for _, name := range t.shown(r.Peers(l.Benchmark)) {
			if other := r.Find(l.Benchmark, name); isOther(name) && name != peer.Loop && own.RatioTo(other) > 1 {
				faster = append(faster, fmt.Sprintf("%s takes %s of its time%s", name, grid.Significant(other.RatioTo(own)), doubt(other, own)))
			}
		}
		if len(faster) > 0 {
			says = append(says, fmt.Sprintf("%s: ashlar loses: %s.", l.Label, strings.Join(faster, ", ")))
		}
	}
	if len(says) == 0 && len(t.measured(r)) > 0 {
		says = append(says, "No peer is faster than ashlar here.")
	}
	return says
}

// doubt is a word of caution if chance explains the difference.
func doubt(one, other *result.Result) string {
	if one.BeyondChance(other) {
		return ""
	}
	return " (may be chance)"
}
