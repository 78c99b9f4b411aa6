package main

import (
	"fmt"
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

// A section of the report has a table of the figures of some rows, peers side by side.
type section struct {
	title    string
	pattern  string // by which -run selects its rows
	first    string // heads the column of labels
	lines    []line
	notes    []string
	times    bool   // figures are times of one operation, which ratios make sense of
	observed []line // the rows that have metrics, where those are not the lines
	readme   bool   // its figures stand in the README, too

	scales []scaling              // by which throughput is drawn
	about  map[string]string      // notes on rows, shown if they were measured
	peers  func(name string) bool // those to be shown; nil for all
}

// A scaling is the rows of one workload by numbers of goroutines.
type scaling struct {
	label      string
	goroutines []int
	row        func(goroutines int) string
}

// A line is one row under the name that the tables give it.
type line struct{ row, label string }

func (s section) rowNames() []string {
	var names []string
	for _, l := range s.lines {
		names = append(names, l.row)
	}
	return names
}

// shown keeps the peers that the section shows.
func (s section) shown(peers []string) []string {
	return slices.DeleteFunc(peers, func(peer string) bool { return s.peers != nil && !s.peers(peer) })
}

// measured lists the peers to be shown that have a figure; none if only ashlar is left of a choice.
func (s section) measured(r *results) []string {
	peers := s.shown(r.peersOf(s.rowNames()))
	if s.peers != nil && !slices.ContainsFunc(peers, func(peer string) bool { return !isOurs(peer) }) {
		return nil
	}
	return peers
}

// figures is the table of medians. It is nil if nothing of the section was measured.
func (s section) figures(r *results, extremes bool) *grid.Grid {
	t := s.grid(r, s.title, func(found *result) string { return found.cell(extremes) })
	if t == nil {
		return nil
	}
	t.Notes = slices.Clone(s.notes)
	for _, l := range s.lines {
		if about := s.about[l.row]; about != "" && len(s.shown(r.peersOf([]string{l.row}))) > 0 {
			t.Notes = append(t.Notes, about)
		}
	}
	return t
}

// throughputs is the table of what goroutines do together in a second, for a section that is about that.
func (s section) throughputs(r *results) *grid.Grid {
	if len(s.scales) == 0 {
		return nil
	}
	return s.grid(r, "The same: million operations a second", func(found *result) string {
		return significant(1e3 / found.summary().Median)
	})
}

// grid is a table of the section's lines and peers. It is nil if nothing was measured.
func (s section) grid(r *results, title string, cellOf func(*result) string) *grid.Grid {
	peers := s.measured(r)
	if len(peers) == 0 {
		return nil
	}
	t := &grid.Grid{Title: title, Header: append([]string{s.first}, peers...)}
	for _, l := range s.lines {
		cells, any := []string{l.label}, false
		for _, peer := range peers {
			cell := "–"
			if found := r.find(l.row, peer); found != nil {
				cell, any = cellOf(found), true
			}
			cells = append(cells, cell)
		}
		if any {
			t.Add(cells...)
		}
	}
	return t
}

// ratios is the table of the peers' times to ashlar's, for a section of times. It is nil if ashlar or
// all its peers were not measured.
func (s section) ratios(r *results) *grid.Grid {
	peers := slices.DeleteFunc(s.measured(r), func(peer string) bool { return isOurs(peer) || peer == loopName })
	t := &grid.Grid{
		Title:  "The same: a peer's time ÷ ashlar's (below 1 ashlar loses)",
		Header: append([]string{s.first, "of"}, peers...),
		Left:   map[int]bool{1: true},
	}
	for _, l := range s.lines {
		for _, ours := range ourNames {
			if own, ok := r.median(l.row, ours); ok {
				t.Add(append([]string{l.label, ours}, r.ratioCells(l.row, own, peers)...)...)
			}
		}
	}
	if len(peers) == 0 || len(t.Rows) == 0 {
		return nil
	}
	return t
}

// ourNames are the peers that are ashlar.
var ourNames = []string{ashlarName, ashlarLocalName, arenaName}

func isOurs(peer string) bool { return slices.Contains(ourNames, peer) }

func (r *results) ratioCells(row string, own float64, peers []string) []string {
	var cells []string
	for _, peer := range peers {
		cell := "–"
		if median, ok := r.median(row, peer); ok {
			cell = significant(median / own)
		}
		cells = append(cells, cell)
	}
	return cells
}

// timeSections are the sections whose figures are times that ratios make sense of.
func timeSections(o *options) []section {
	pairs := section{title: "Pair: ns to free the oldest of 64 live blocks, allocate and touch one", first: "size", pattern: "^pair/", readme: true}
	for _, size := range pairSizes {
		pairs.lines = append(pairs.lines, line{pairRow(size), formatBytes(size)})
	}
	batches := section{
		title: fmt.Sprintf("Batch: ns to allocate, touch and free a block, %d blocks of %s at a time", batchLength, formatBytes(batchSize)),
		first: "freed", pattern: "^batch/", readme: true,
	}
	for _, order := range batchOrders {
		batches.lines = append(batches.lines, line{batchRow(order.name), order.name})
	}
	remote := section{
		title: fmt.Sprintf("Remote: ns for a block of %s, in batches of %d", formatBytes(remoteSize), batchLength),
		first: "freed by", pattern: "^remote/",
		lines: []line{
			{localWall, "the same goroutine"},
			{remoteWall, "another goroutine"},
			{localCPU, "the same, processor time"},
			{remoteCPU, "another, processor time"},
		},
		notes: []string{"between two goroutines the work runs on two processors at once; the processor time counts both, and their waiting for each other"},
	}
	return []section{pairs, batches, parallelSection(), remote, growSection(o)}
}

func parallelSection() section {
	s := section{
		title: fmt.Sprintf("Parallel: wall ns for a pair, over all goroutines, on %d processors", parallelProcs),
		first: "size, goroutines", pattern: "^parallel/", readme: true,
	}
	for _, size := range parallelSizes {
		row := func(goroutines int) string { return parallelRow(goroutines, size) }
		s.scales = append(s.scales, scaling{formatBytes(size), goroutineCounts, row})
		for _, goroutines := range goroutineCounts {
			label := fmt.Sprintf("%s, %d", formatBytes(size), goroutines)
			s.lines = append(s.lines, line{parallelRow(goroutines, size), label})
		}
	}
	return s
}

func growSection(o *options) section {
	s := section{
		title: fmt.Sprintf("Growth: ms to grow one buffer from %s to %s by doubling, in a new process", formatBytes(growFrom), formatBytes(o.growTo)),
		first: "each new part", pattern: "^grow/", readme: true,
	}
	for _, fill := range fills {
		s.lines = append(s.lines, line{growRow(fill.name), fill.label})
	}
	return s
}

// otherSections are the sections whose figures are not times of one operation.
func otherSections(o *options) []section {
	scaling := section{title: "Scaling, from the tables above", first: "ratio", pattern: "^(parallel|remote)/"}
	for _, size := range parallelSizes {
		scaling.lines = append(scaling.lines,
			line{speedupRow(size), formatBytes(size) + ": throughput of 2 goroutines ÷ 1"},
			line{lossRow(size), formatBytes(size) + ": time of 16 goroutines ÷ 2"})
	}
	scaling.lines = append(scaling.lines,
		line{remoteRatio, "freed by another goroutine ÷ the same"},
		line{cpuRatio, "the same, processor time"})
	sections := []section{scaling}
	for _, size := range liveSizes {
		sections = append(sections, liveSection(o, size))
	}
	return append(sections, section{
		title: fmt.Sprintf("Churn: %d MiB of blocks of 16 B to 64 KiB, log-uniform, turned over %d times", o.liveBytes>>20, churnTurnover),
		first: "ratio", pattern: "^churn/", readme: true,
		lines:    []line{{churnResident, "peak resident ÷ peak live bytes"}},
		observed: []line{{churnFigure, "churn"}},
	})
}

func liveSection(o *options, size int) section {
	s := section{
		title: fmt.Sprintf("Live: %d blocks of %s", o.liveBlocks, formatBytes(size)),
		first: "figure", pattern: "^" + liveMetric(size, ""), readme: true,
		lines: []line{
			{liveMetric(size, residentMetric), "resident ÷ live bytes"},
			{liveMetric(size, heapMetric), "Go heap, KiB"},
			{liveMetric(size, gcNoneMetric), "fastest forced collection, none live, ms"},
			{liveMetric(size, gcLiveMetric), "fastest forced collection, all live, ms"},
			{liveMetric(size, gcRatioMetric), "the latter ÷ the former"},
		},
	}
	for _, order := range freeOrders {
		s.lines = append(s.lines, line{liveMetric(size, inFreeOrder(backMetric, order)), "% back on Trim, freed " + order})
	}
	for _, order := range freeOrders {
		s.lines = append(s.lines,
			line{liveMetric(size, inFreeOrder(decayMetric, order)), "ms until 98 % back by itself, freed " + order},
			line{liveMetric(size, inFreeOrder(leftMetric, order)), "% back then"})
	}
	for _, order := range freeOrders {
		for _, trim := range []bool{true, false} {
			task := liveTask{Size: size, Random: order == freeOrders[1], Trim: trim}
			s.observed = append(s.observed, line{liveFigure(task), task.order() + ", " + task.end()})
		}
	}
	return s
}
