package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/page"
)

// charts are those that the section has figures for.
func (s section) charts(session *session) []*page.Chart {
	var charts []*page.Chart
	add := func(c *page.Chart) {
		if len(c.Points) > 0 {
			charts = append(charts, c)
		}
	}
	if s.times {
		add(s.ratioChart(&session.results))
	}
	for _, scale := range s.scales {
		add(s.scalingChart(scale, &session.results))
	}
	for _, l := range s.observedLines() {
		add(latencyChart(session.metrics, l))
	}
	if c := s.residentChart(session.metrics); len(c.Points) > 0 {
		add(c)
	}
	return charts
}

// ratioChart shows the peers' times by ashlar's, a group of bars for each line.
func (s section) ratioChart(r *results) *page.Chart {
	c := &page.Chart{Kind: page.Ratios, Title: "Time ÷ ashlar's: to the left of 1 ashlar loses", X: "time ÷ ashlar's"}
	for _, l := range s.lines {
		own := r.find(l.row, ashlarName)
		if own == nil {
			continue
		}
		for _, peer := range s.shown(r.peersOf([]string{l.row})) {
			if other := r.find(l.row, peer); peer != ashlarName && peer != loopName {
				point := page.Point{Series: peer, Group: l.label, X: other.ratioTo(own), Chance: !other.beyondChance(own)}
				c.Points = append(c.Points, point)
			}
		}
	}
	return c
}

// scalingChart shows the throughput by the number of goroutines.
func (s section) scalingChart(by scaling, r *results) *page.Chart {
	c := &page.Chart{
		Kind:  page.Lines,
		Title: fmt.Sprintf("Throughput of %s by goroutines, on %d processors", by.label, parallelProcs),
		X:     "goroutines", Y: "operations a second", LogX: true,
	}
	for _, goroutines := range by.goroutines {
		row := by.row(goroutines)
		peers := s.shown(r.peersOf([]string{row}))
		if len(peers) > 0 {
			c.Ticks = append(c.Ticks, goroutines)
		}
		for _, peer := range peers {
			if median, ok := r.median(row, peer); ok {
				c.Points = append(c.Points, page.Point{Series: peer, X: float64(goroutines), Y: 1e9 / median})
			}
		}
	}
	return c
}

// latencyChart shows the times of single operations as HdrHistogram does: by 1/(1-q).
func latencyChart(metrics metricsList, l line) *page.Chart {
	c := &page.Chart{Kind: page.Lines, X: "share of the operations", Y: "at most this time", LogX: true, LogY: true, Beyond: true}
	for _, m := range metrics.ofRow(l.row, hasLatency) {
		c.Title = fmt.Sprintf("Latency of an operation, %s (%s)", l.label, m.Latency.Operation)
		for _, q := range m.Latency.Quantiles {
			c.Points = append(c.Points, page.Point{Series: m.Peer, X: 1 / (1 - q.Q), Y: float64(max(q.Time, 1))})
		}
	}
	return c
}

// residentChart shows the memory of the section's processes over time.
func (s section) residentChart(metrics metricsList) *page.Chart {
	return &page.Chart{
		Kind: page.Lines, Title: "Resident memory of the process over time, from its start to its end",
		X: "seconds", Y: "resident, MiB", Points: s.residents(metrics),
	}
}

// residents are the points of residentChart. Where a peer has several processes, each is a series.
func (s section) residents(metrics metricsList) []page.Point {
	var points []page.Point
	for _, l := range s.observedLines() {
		for _, m := range metrics.ofRow(l.row, hasTimeline) {
			name := m.Peer
			if len(s.observedLines()) > 1 {
				name += ", " + l.label
			}
			for i, kib := range m.Timeline.Resident {
				x := float64(i+1) * m.Timeline.Every.Seconds()
				points = append(points, page.Point{Series: name, X: x, Y: float64(kib) / (1 << 10)})
			}
		}
	}
	return points
}
