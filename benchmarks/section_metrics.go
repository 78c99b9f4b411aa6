package main

import (
	"fmt"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

// observedLines are the rows of the section that have metrics.
func (s section) observedLines() []line {
	if s.observed != nil {
		return s.observed
	}
	return s.lines
}

// metricsTable has a line of cells for each peer of each row that has what is asked for. It is nil if none
// has.
func (s section) metricsTable(l metricsList, title string, header []string, has func(*metrics) bool, cells func(*metrics) []string) *grid.Grid {
	t := &grid.Grid{
		Title:  title,
		Header: append([]string{s.first, "peer"}, header...),
		Left:   map[int]bool{1: true},
	}
	others := false // than ashlar, which alone is no comparison where a section chooses
	for _, line := range s.observedLines() {
		for _, m := range l.ofRow(line.row, has) {
			if len(s.shown([]string{m.Peer})) == 0 {
				continue
			}
			others = others || s.peers == nil || !isOurs(m.Peer)
			t.Add(append([]string{line.label, m.Peer}, cells(m)...)...)
		}
	}
	if !others {
		return nil
	}
	return t
}

// namedQuantiles are the columns of latencies.
var namedQuantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}

// latencies is the table of the times of single operations.
func (s section) latencies(l metricsList) *grid.Grid {
	header, clock, operation := []string{}, int64(0), ""
	for _, named := range namedQuantiles {
		header = append(header, named.name)
	}
	for _, line := range s.observedLines() {
		for _, m := range l.ofRow(line.row, hasLatency) {
			clock, operation = m.Latency.Clock, m.Latency.Operation
		}
	}
	title := fmt.Sprintf("The same: ns of a single operation (%s)", operation)
	t := s.metricsTable(l, title, append(header, "max", "timed"), hasLatency, latencyCells)
	if t != nil {
		t.Notes = append(t.Notes, fmt.Sprintf("of these about %d ns are the clock's; a maximum is of as many operations as were timed, and shows what else the machine did", clock))
	}
	return t
}

func latencyCells(m *metrics) []string {
	var cells []string
	for _, named := range namedQuantiles {
		cell := "–"
		if time, ok := m.Latency.at(named.q); ok {
			cell = fmt.Sprint(time)
		}
		cells = append(cells, cell)
	}
	return append(cells, fmt.Sprint(m.Latency.Max), fmt.Sprint(m.Latency.Count))
}

// resources is the table of memory, faults, kernel calls and the collector.
func (s section) resources(l metricsList) *grid.Grid {
	header := []string{
		"faults", "memory calls", "futex calls", "mappings", "resident, MiB", "peak, MiB", "peak ÷ live",
		"GCs", "GC, % of CPU", "assists, %", "pauses, µs",
	}
	t := s.metricsTable(l, "The same: what it takes", header, hasUsage, resourceCells)
	if t != nil {
		t.Notes = append(t.Notes,
			"faults and calls are for 1000 operations; memory calls are mmap, munmap, mremap, madvise and mprotect, counted in another run; "+
				"memory is beyond what the process began with; assists are a share of the collector's time; of the pauses the longest")
	}
	return t
}

func resourceCells(m *metrics) []string {
	u := m.Usage
	if m.Operations == 0 { // live blocks: only their memory is observed
		return []string{
			"–", "–", "–", fmt.Sprint(u.Mappings), mebibytes(m.Resident), mebibytes(m.Peak), m.peakToLive(), "–", "–", "–", "–",
		}
	}
	memory, futex := "–", "–"
	if m.CallOperations > 0 {
		memory = significant(perThousand(m.Calls.Memory(), m.CallOperations))
		futex = significant(perThousand(m.Calls.Waiting(), m.CallOperations))
	}
	assists := "–"
	if u.Collector > 0 {
		assists = significant(100 * u.Assist / u.Collector)
	}
	return []string{
		significant(perThousand(u.MinorFaults+u.MajorFaults, m.Operations)),
		memory, futex, fmt.Sprint(u.Mappings),
		mebibytes(m.Resident), mebibytes(m.Peak), m.peakToLive(),
		fmt.Sprint(u.Collections), significant(100 * u.CollectorShare()), assists,
		significant(u.LongPause * float64(time.Second/time.Microsecond)),
	}
}

// leastLive is how many live bytes there must be for a share of them to say something: a process has a
// MiB or so that has nothing to do with them.
const leastLive = 8 << 20

func (m *metrics) peakToLive() string {
	if m.Live < leastLive || m.Peak == 0 {
		return "–"
	}
	return significant(float64(m.Peak) / float64(m.Live))
}

// mebibytes is a dash for memory that was not observed.
func mebibytes(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return significant(float64(bytes) / (1 << 20))
}
