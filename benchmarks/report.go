package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
	"github.com/ashlar-go/ashlar/benchmarks/internal/table"
)

// publish prints the tables and writes the samples to the file that was asked for.
func (s *session) publish(out io.Writer) error {
	verdicts := s.verdicts()
	description := machine.Describe()
	if err := s.print(out, description, verdicts); err != nil {
		return err
	}
	if s.options.jsonFile == "" {
		return nil
	}
	return s.writeJSON(description, verdicts)
}

func (s *session) print(out io.Writer, description machine.Description, verdicts []verdict) error {
	if _, err := fmt.Fprintf(out, "%s\n%s\n\n", description, s.method()); err != nil {
		return err
	}
	for _, t := range s.tables(verdicts) {
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
func (s *session) tables(verdicts []verdict) []*table.Table {
	var tables []*table.Table
	add := func(t *table.Table) {
		if t != nil {
			tables = append(tables, t)
		}
	}
	suiteTimes, suiteMemory := suiteSections(s.options)
	traceTimes, traceMemory := s.traceSections()
	for _, section := range append(append(timeSections(s.options), suiteTimes...), traceTimes) {
		add(section.figures(&s.results, s.options.spread))
		add(section.ratios(&s.results))
	}
	for _, section := range append(append(otherSections(s.options), suiteMemory...), traceMemory) {
		add(section.figures(&s.results, s.options.spread))
	}
	tables = append(tables, s.surveys()...)
	add(barTable(verdicts))
	return tables
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
func barTable(verdicts []verdict) *table.Table {
	t := &table.Table{
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

// writeJSON writes everything that the tables were made from.
func (s *session) writeJSON(description machine.Description, verdicts []verdict) error {
	document := struct {
		Machine machine.Description `json:"machine"`
		Repeats int                 `json:"repeats"`
		Sample  string              `json:"sample"`
		Results []*result           `json:"results"`
		Bars    []verdict           `json:"bars"`
		Skipped []string            `json:"skipped"`
	}{description, s.options.repeats, s.options.duration.String(), s.results.list, verdicts, s.skipped}
	text, err := json.MarshalIndent(document, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(s.options.jsonFile, append(text, '\n'), 0o644)
}
