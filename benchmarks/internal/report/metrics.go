// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// observedLines are the lines of the benchmarks that have metrics.
func (t *Table) observedLines() []Line {
	if t.Observed != nil {
		return t.Observed
	}
	return t.Lines
}

// metricsGrid has a row for each peer of each benchmark whose metrics have the property. It is nil if there
// are none.
func (t *Table) metricsGrid(l result.MetricsList, title string, header []string, has func(*result.Metrics) bool, cells func(*result.Metrics) []string) *grid.Grid {
	g := &grid.Grid{
		Title:  title,
		Header: append([]string{t.First, "peer"}, header...),
		Left:   map[int]bool{1: true},
	}
	others := false // ashlar alone is no comparison in a table that chooses peers
	for _, line := range t.observedLines() {
		for _, m := range l.Having(line.Benchmark, has) {
			if len(t.shown([]string{m.Peer})) == 0 {
				continue
			}
			others = others || t.Peers == nil || isOther(m.Peer)
			g.Add(append([]string{line.Label, m.Peer}, cells(m)...)...)
		}
	}
	if !others {
		return nil
	}
	return g
}

// namedQuantiles are the columns of latencies.
var namedQuantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}

// latencies is the grid of the times of single operations.
func (t *Table) latencies(l result.MetricsList) *grid.Grid {
	header, clock, operation := []string{}, int64(0), ""
	for _, named := range namedQuantiles {
		header = append(header, named.name)
	}
	for _, line := range t.observedLines() {
		for _, m := range l.Having(line.Benchmark, result.HasLatency) {
			clock, operation = m.Latency.Clock, m.Latency.Operation
		}
	}
	title := fmt.Sprintf("The same: ns of a single operation (%s)", operation)
	g := t.metricsGrid(l, title, append(header, "max", "timed"), result.HasLatency, latencyCells)
	if g != nil {
		g.Notes = append(g.Notes, fmt.Sprintf("of these about %d ns are the clock's; a maximum is of as many operations as were timed, and shows what else the machine did", clock))
	}
	return g
}

func latencyCells(m *result.Metrics) []string {
	var cells []string
	for _, named := range namedQuantiles {
		cell := "–"
		if time, ok := m.Latency.At(named.q); ok {
			cell = fmt.Sprint(time)
		}
		cells = append(cells, cell)
	}
	return append(cells, fmt.Sprint(m.Latency.Max), fmt.Sprint(m.Latency.Count))
}

// resources is the grid of memory, faults, kernel calls and the collector.
func (t *Table) resources(l result.MetricsList) *grid.Grid {
	header := []string{
		"faults", "memory calls", "futex calls", "mappings", "resident, MiB", "peak, MiB", "peak ÷ live",
		"GCs", "GC, % of CPU", "assists, %", "pauses, µs",
	}
	g := t.metricsGrid(l, "The same: what it takes", header, result.HasUsage, resourceCells)
	if g != nil {
		g.Notes = append(g.Notes,
			"faults and calls are for 1000 operations; memory calls are mmap, munmap, mremap, madvise and mprotect, counted in another run; "+
				"memory is above what the process began with; assists are a share of the collector's time; the longest pause counts")
	}
	return g
}

func resourceCells(m *result.Metrics) []string {
	u := m.Usage
	if m.Operations == 0 { // live blocks: only their memory is observed
		return []string{
			"–", "–", "–", fmt.Sprint(u.Mappings), mebibytes(m.Resident), mebibytes(m.Peak), peakToLive(m), "–", "–", "–", "–",
		}
	}
	memory, futex := "–", "–"
	if m.CallOperations > 0 {
		memory = grid.Significant(result.PerThousand(m.Calls.Memory(), m.CallOperations))
		futex = grid.Significant(result.PerThousand(m.Calls.Waiting(), m.CallOperations))
	}
	assists := "–"
	if u.Collector > 0 {
		assists = grid.Significant(100 * u.Assist / u.Collector)
	}
	return []string{
		grid.Significant(result.PerThousand(u.MinorFaults+u.MajorFaults, m.Operations)),
		memory, futex, fmt.Sprint(u.Mappings),
		mebibytes(m.Resident), mebibytes(m.Peak), peakToLive(m),
		fmt.Sprint(u.Collections), grid.Significant(100 * u.CollectorShare()), assists,
		grid.Significant(u.LongPause * float64(time.Second/time.Microsecond)),
	}
}

// minLive is how many live bytes there must be before a share of them means something: a process has a MiB
// or so that has nothing to do with them.
const minLive = 8 << 20

func peakToLive(m *result.Metrics) string {
	if m.Live < minLive || m.Peak == 0 {
		return "–"
	}
	return grid.Significant(float64(m.Peak) / float64(m.Live))
}

// mebibytes is a dash for memory that was not observed.
func mebibytes(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return grid.Significant(float64(bytes) / (1 << 20))
}
