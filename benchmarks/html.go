package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/page"
)

// writeHTML writes the report with charts.
func (s *session) writeHTML(file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := s.page().Write(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// page makes the report of the session. It shows the metrics that there are, asked for or not.
func (s *session) page() *page.Page {
	o := *s.options
	o.metrics = true
	all := *s
	all.options = &o
	p := &page.Page{
		Title:   "ashlar beside its peers",
		Intro:   []string{s.machine.String(), s.method(), s.ended.UTC().Format("2 January 2006, 15:04 UTC")},
		Command: s.options.command(s.chosen),
		Series:  s.series(),
		Notes:   s.skipped,
	}
	p.Missed, p.Met, p.Unjudged = s.judged()
	for _, section := range all.sections() {
		tables := section.tables(&all)
		if len(tables) == 0 {
			continue
		}
		p.Sections = append(p.Sections, page.Section{
			ID:      fmt.Sprintf("section-%d", len(p.Sections)+1),
			Name:    section.shortTitle(),
			Title:   section.title,
			Command: all.sectionCommand(section),
			Machine: s.machine.String(),
			Says:    section.losses(&s.results),
			Charts:  section.charts(&all),
			Tables:  tables,
		})
	}
	if surveys := s.surveys(); len(surveys) > 0 {
		p.Sections = append(p.Sections, page.Section{
			ID: "surveys", Name: "Traced objects", Title: "What the traces are like",
			Command: s.options.command("^trace/", "-html report.html"), Machine: s.machine.String(), Tables: surveys,
		})
	}
	return p
}

// shortTitle is the title's word for what the rows do, with what keeps those of one kind apart.
func (s section) shortTitle() string {
	word, _, _ := strings.Cut(s.title, ":")
	word, _, _ = strings.Cut(word, ",")
	if size, ok := strings.CutPrefix(s.pattern, "^live/size="); ok {
		word += " " + strings.TrimSuffix(size, "/") + " B"
	}
	return word
}

// sectionCommand measures the section alone, into a report of its own.
func (s *session) sectionCommand(section section) string {
	return s.options.command(section.pattern, "-html report.html")
}

// judged divides the bars that were measured.
func (s *session) judged() (missed, met []page.Bar, unjudged int) {
	for _, v := range s.verdicts() {
		if v.Value == nil {
			unjudged++
			continue
		}
		bar := page.Bar{Text: v.Text, Value: significant(*v.Value), Want: v.Want}
		if v.Met {
			met = append(met, bar)
		} else {
			missed = append(missed, bar)
		}
	}
	return missed, met, unjudged
}

// series are all that charts show, ours first. The lives of memory rows have a series for each of their ends.
func (s *session) series() []page.Series {
	var names []string
	for _, r := range s.results.list {
		names = append(names, r.Peer)
	}
	for _, section := range s.sections() {
		for _, p := range section.residents(s.metrics) {
			names = append(names, p.Series)
		}
	}
	var ours, others []page.Series
	for i, name := range names {
		switch peer, _, _ := strings.Cut(name, ","); {
		case slices.Index(names, name) < i: // seen
		case isOurs(peer):
			ours = append(ours, page.Series{Name: name, Ours: true})
		default:
			others = append(others, page.Series{Name: name})
		}
	}
	return append(ours, others...)
}

// losses says in words which peers are faster than ashlar, and where.
func (s section) losses(r *results) []string {
	if !s.times {
		return nil
	}
	var says []string
	for _, l := range s.lines {
		own := r.find(l.row, ashlarName)
		if own == nil {
			continue
		}
		var faster []string
		for _, peer := range s.shown(r.peersOf([]string{l.row})) {
			if other := r.find(l.row, peer); !isOurs(peer) && peer != loopName && own.ratioTo(other) > 1 {
				faster = append(faster, fmt.Sprintf("%s takes %s of its time%s", peer, significant(other.ratioTo(own)), other.doubt(own)))
			}
		}
		if len(faster) > 0 {
			says = append(says, fmt.Sprintf("%s: ashlar loses: %s.", l.label, strings.Join(faster, ", ")))
		}
	}
	if len(says) == 0 && len(s.measured(r)) > 0 {
		says = append(says, "No peer is faster than ashlar here.")
	}
	return says
}

// ratioTo is how much of the other's median the result's is.
func (r *result) ratioTo(other *result) float64 { return r.summary().Median / other.summary().Median }

// doubt is a word of caution where the difference may be chance.
func (r *result) doubt(other *result) string {
	if r.beyondChance(other) {
		return ""
	}
	return " (may be chance)"
}
