package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// traceSections are of the times and of the memory of the traces that were replayed, also if the figures come from a file.
func (s *session) traceSections() (times, sizes []section) {
	timed := section{title: "Traces: wall ns for an operation of all goroutines together", pattern: "^trace/", first: "trace", about: map[string]string{}}
	memory := section{title: "Traces: peak resident ÷ peak live bytes", pattern: "^trace/", first: "trace"}
	for _, name := range s.results.traces() {
		row := tracePrefix + name
		timed.lines = append(timed.lines, line{row, name}, line{traceFirst(row), name + ", in new memory"})
		memory.lines = append(memory.lines, line{traceResident(row), name})
	}
	for _, l := range s.traced {
		timed.about[traceRow(l.name)] = l.about()
	}
	return []section{timed}, []section{memory}
}

// traces names those that there are figures of.
func (r *results) traces() []string {
	var names []string
	for _, found := range r.list {
		name, ok := strings.CutPrefix(found.Row, tracePrefix)
		if ok && !strings.Contains(name, "/") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// about says what the trace is like, in a line.
func (l *tracedLoad) about() string {
	c := &l.program.Counts
	about := fmt.Sprintf("%s: operations %d, goroutines %d, objects %d, at most %s live",
		trace.Name(l.name), l.program.Steps(), l.program.Threads(), l.program.Objects, formatMemory(float64(c.PeakLive)))
	if c.Dropped > 0 || c.Unknown > 0 {
		about += fmt.Sprintf("; %d operations were dropped, %d of objects from before it left out", c.Dropped, c.Unknown)
	}
	return about
}

// formatMemory writes a number of bytes with three digits.
func formatMemory(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if n < 1<<10 {
			return significant(n) + " " + unit
		}
		n /= 1 << 10
	}
	return significant(n) + " GiB"
}

// surveys are the tables of what the traces are like.
func (s *session) surveys() []*grid.Grid {
	var tables []*grid.Grid
	for _, l := range s.traced {
		name := trace.Name(l.name)
		tables = append(tables,
			histogram(name+": sizes asked for", "bytes", l.survey.Sizes(), ""),
			histogram(name+": lifetimes in bytes allocated meanwhile", "bytes", l.survey.LifetimesInBytes(), kept(l.survey)),
			histogram(name+": lifetimes in operations", "operations", l.survey.LifetimesInSteps(), kept(l.survey)))
		tables = append(tables, s.classTables(name, l.survey.Demand())...)
	}
	return tables
}

func kept(s *trace.Survey) string {
	return fmt.Sprintf("%d objects were live at the end, and count as freed then; a resize ends a life and begins another", s.Kept())
}

func histogram(title, unit string, bins []trace.Bin, note string) *grid.Grid {
	t := &grid.Grid{Title: title, Header: []string{unit, "objects", "share", "their bytes", "share"}}
	objects, bytes := 0, int64(0)
	for _, b := range bins {
		objects += b.Objects
		bytes += b.Bytes
	}
	for _, b := range bins {
		if b.Objects == 0 {
			continue
		}
		name := fmt.Sprint(b.From)
		if b.To > b.From {
			name += fmt.Sprintf("–%d", b.To)
		}
		t.Add(name, fmt.Sprint(b.Objects), share(float64(b.Objects), float64(objects)),
			formatMemory(float64(b.Bytes)), share(float64(b.Bytes), float64(bytes)))
	}
	if note != "" {
		t.Notes = []string{note}
	}
	return t
}

func share(part, whole float64) string { return fmt.Sprintf("%.1f %%", 100*part/max(whole, 1)) }

// classTables are the waste of size classes under the trace's load, and the table of the number that was asked for.
func (s *session) classTables(name string, d *trace.Demand) []*grid.Grid {
	live := d.Live()
	t := &grid.Grid{
		Title:  name + ": lost inside blocks below 128 KiB, in the mean over the trace",
		Header: []string{"size classes", "bytes", "of what is asked for"},
		Notes:  []string{fmt.Sprintf("%s are asked for in the mean; the best classes are those for this very trace, of multiples of 16 bytes", formatMemory(live))},
	}
	add := func(classes string, waste float64) { t.Add(classes, formatMemory(waste), share(waste, live)) }
	add("ashlar's, 88", d.Waste(trace.OnAshlar))
	add("the Go heap's", d.Waste(trace.OnGo))
	add("powers of two", d.Waste(trace.OnPowers))
	for _, k := range []int{4, 8, 16, 32, 64} {
		if table := d.Fit(k); len(table) == k {
			add(fmt.Sprintf("the best %d", k), d.Waste(trace.InTable(table)))
		}
	}
	all := d.Fit(1 << 20)
	if len(all) == 0 {
		return nil
	}
	add(fmt.Sprintf("all %d multiples of 16 that occur", len(all)), d.Waste(trace.InTable(all)))
	best := d.Fit(s.options.classes)
	list := &grid.Grid{Title: fmt.Sprintf("%s: the %d size classes that would waste least", name, len(best)), Header: []string{"", "bytes"}, Left: map[int]bool{1: true}}
	for row := range slices.Chunk(best, 12) {
		list.Add("", fmt.Sprint(row))
	}
	return []*grid.Grid{t, list}
}
