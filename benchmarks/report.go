package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

// publish prints the tables, and writes the files that were asked for.
func (s *session) publish(out io.Writer) error {
	if err := s.print(out); err != nil {
		return err
	}
	if file := s.options.jsonFile; file != "" {
		if err := s.document().writeFile(file); err != nil {
			return err
		}
	}
	if file := s.options.htmlFile; file != "" {
		if err := s.writeHTML(file); err != nil {
			return err
		}
	}
	for _, file := range s.options.update {
		if err := updateFile(file); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "%s\n%s\n\n", s.machine, s.method()); err != nil {
		return err
	}
	for _, t := range s.tables() {
		write := t.WriteText
		if s.options.markdown {
			write = t.WriteMarkdown
		}
		if err := write(out); err != nil {
			return err
		}
	}
	for _, skipped := range s.skipped {
		if _, err := fmt.Fprintln(out, "not measured:", skipped); err != nil {
			return err
		}
	}
	return nil
}

// method says how to read the figures.
func (s *session) method() string {
	spread := "half the distance between the quartiles"
	if s.options.spread {
		spread = "in brackets the smallest and the largest"
	}
	return fmt.Sprintf("medians of %d samples of %v, peers interleaved in random order; spread: %s",
		s.options.repeats, s.options.duration, spread)
}

// tables are those that have something to show.
func (s *session) tables() []*grid.Grid {
	var tables []*grid.Grid
	for _, section := range s.sections() {
		tables = append(tables, section.tables(s)...)
	}
	tables = append(tables, s.surveys()...)
	if t := barTable(s.verdicts()); t != nil {
		tables = append(tables, t)
	}
	return tables
}

// tables are all of the section that have something to show. Those of the metrics are shown if these were
// asked for: some come with the figures.
func (s section) tables(session *session) []*grid.Grid {
	o, r, m := session.options, &session.results, session.metrics
	all := []*grid.Grid{s.figures(r, o.spread)}
	if s.times {
		all = append(all, s.ratios(r))
	}
	if o.metrics {
		all = append(all, s.throughputs(r), s.latencies(m), s.resources(m))
	}
	var some []*grid.Grid
	for _, t := range all {
		if t != nil {
			some = append(some, t)
		}
	}
	return some
}

// sections are all sections of the report, in its order.
func (s *session) sections() []section {
	suiteTimes, suiteMemory := suiteSections(s.options)
	traceTimes, traceMemory := s.traceSections()
	times := slices.Concat(timeSections(s.options), suiteTimes, traceTimes)
	for i := range times {
		times[i].times = true
	}
	return slices.Concat(times, otherSections(s.options), suiteMemory, traceMemory)
}

// verdicts judges all bars.
func (s *session) verdicts() []verdict {
	var verdicts []verdict
	for _, b := range allBars() {
		verdicts = append(verdicts, b.judge(&s.results))
	}
	return verdicts
}

// barTable lists the bars whose figures were measured. It is nil if there are none.
func barTable(verdicts []verdict) *grid.Grid {
	t := &grid.Grid{
		Title:  "Bars",
		Header: []string{"bar", "ashlar", "other", "value", "wanted", "verdict"},
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
		t.Add(v.Text, orDash(v.Ours), orDash(v.Other), significant(*v.Value), v.Want, word)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	if missing > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d more bars were not measured in this run", missing))
	}
	return t
}

func orDash(x *float64) string {
	if x == nil {
		return "–"
	}
	return significant(*x)
}
