// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/page"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// charts are those that the table has figures for.
func (t *Table) charts(d *result.Document) []*page.Chart {
	var charts []*page.Chart
	add := func(c *page.Chart) {
		if len(c.Points) > 0 {
			charts = append(charts, c)
		}
	}
	if t.Times {
		add(t.ratioChart(d.Figures()))
	}
	for _, scale := range t.Scales {
		add(t.scalingChart(scale, d.Figures()))
	}
	for _, l := range t.observedLines() {
		add(latencyChart(d.Metrics, l))
	}
	if c := t.residentChart(d.Metrics); len(c.Points) > 0 {
		add(c)
	}
	return charts
}

// ratioChart shows the peers' times ÷ ashlar's, as a group of bars for each line.
func (t *Table) ratioChart(r *result.Results) *page.Chart {
	c := &page.Chart{Kind: page.Ratios, Title: "Time ÷ ashlar's: to the left of 1 ashlar loses", X: "time ÷ ashlar's"}
	for _, l := range t.Lines {
		own := r.Find(l.Benchmark, peer.Ashlar)
		if own == nil {
			continue
		}
		for _, name := range t.shown(r.Peers(l.Benchmark)) {
			if other := r.Find(l.Benchmark, name); name != peer.Ashlar && name != peer.Loop {
				point := page.Point{Series: name, Group: l.Label, X: other.RatioTo(own), Chance: !other.BeyondChance(own)}
				c.Points = append(c.Points, point)
			}
		}
	}
	return c
}

// scalingChart shows the throughput by the number of goroutines.
func (t *Table) scalingChart(by Scaling, r *result.Results) *page.Chart {
	c := &page.Chart{
		Kind:  page.Lines,
		Title: fmt.Sprintf("Throughput of %s by goroutines, on %d processors", by.Label, by.Processors),
		X:     "goroutines", Y: "operations a second", LogX: true,
	}
	for _, goroutines := range by.Goroutines {
		benchmark := by.Benchmark(goroutines)
		peers := t.shown(r.Peers(benchmark))
		if len(peers) > 0 {
			c.Ticks = append(c.Ticks, goroutines)
		}
		for _, peer := range peers {
			if median, ok := r.Median(benchmark, peer); ok {
				c.Points = append(c.Points, page.Point{Series: peer, X: float64(goroutines), Y: 1e9 / median})
			}
		}
	}
	return c
}

// latencyChart shows the times of single operations as HdrHistogram does: by 1/(1-q).
func latencyChart(metrics result.MetricsList, l Line) *page.Chart {
	c := &page.Chart{Kind: page.Lines, X: "share of the operations", Y: "at most this time", LogX: true, LogY: true, Beyond: true}
	for _, m := range metrics.Having(l.Benchmark, result.HasLatency) {
		c.Title = fmt.Sprintf("Latency of an operation, %s (%s)", l.Label, m.Latency.Operation)
		for _, q := range m.Latency.Quantiles {
			c.Points = append(c.Points, page.Point{Series: m.Peer, X: 1 / (1 - q.Q), Y: float64(max(q.Time, 1))})
		}
	}
	return c
}

// residentChart shows the memory of the benchmarks' processes over time.
func (t *Table) residentChart(metrics result.MetricsList) *page.Chart {
	return &page.Chart{
		Kind: page.Lines, Title: "Resident memory of the process over time, from its start to its end",
		X: "seconds", Y: "resident, MiB", Points: t.residents(metrics),
	}
}

// residents are the points of residentChart. If a peer has several processes, each is a series.
func (t *Table) residents(metrics result.MetricsList) []page.Point {
	var points []page.Point
	for _, l := range t.observedLines() {
		for _, m := range metrics.Having(l.Benchmark, result.HasTimeline) {
			name := m.Peer
			if len(t.observedLines()) > 1 {
				name += ", " + l.Label
			}
			for i, kib := range m.Timeline.Resident {
				x := float64(i+1) * m.Timeline.Every.Seconds()
				points = append(points, page.Point{Series: name, X: x, Y: float64(kib) / (1 << 10)})
			}
		}
	}
	return points
}
