// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/barchart"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A headline is one line of the README's table: a figure of ashlar beside two peers.
type headline struct {
	text      string
	benchmark string
	decimals  int
	chart     string // the title of its panel in the chart, if it has one
	unit      string // as the panel shows it
}

var headlines = []headline{
	{text: "Free, allocate and touch a block of 64 B, ns", benchmark: "pair/size=64", decimals: 1, chart: "A pair of 64 B", unit: "ns"},
	{text: "Free, allocate and touch a block of 1 KiB, ns", benchmark: "pair/size=1024", decimals: 1},
	{text: "Grow a buffer from 1 to 256 MiB by doubling, and write all of it, ms", benchmark: "grow/fill=all"},
	{text: "A forced collection beside 10 million live blocks of 64 B, ms", benchmark: "live/size=64/gc-live", decimals: 1, chart: "A collection, 10 M blocks live", unit: "ms"},
	{text: "Peak resident memory ÷ live bytes, blocks of 16 B to 64 KiB", benchmark: "churn/peak-rss-to-live", decimals: 2, chart: "Peak memory ÷ live bytes", unit: "×"},
}

// The peers of the headlines, and their names in the table and in the chart.
var headlinePeers = []struct{ peer, name, short string }{
	{peer.Ashlar, "ashlar", "ashlar"},
	{"make", "the Go heap", "Go heap"},
	{"modernc", "modernc.org/memory", "modernc"},
}

// headlineTable is the README's table. The best figure of each line is bold, so that a
// line that ashlar loses shows it.
func headlineTable(d *result.Document) string {
	var out strings.Builder
	out.WriteString("| |")
	for _, p := range headlinePeers {
		fmt.Fprintf(&out, " %s |", p.name)
	}
	out.WriteString("\n|---|" + strings.Repeat("---:|", len(headlinePeers)) + "\n")
	figures := d.Figures()
	for _, h := range headlines {
		values := h.values(figures)
		best := math.Inf(1)
		for _, v := range values {
			if !math.IsNaN(v) {
				best = min(best, v)
			}
		}
		fmt.Fprintf(&out, "| %s |", h.text)
		for _, v := range values {
			text := "–"
			if !math.IsNaN(v) {
				text = fmt.Sprintf("%.*f", h.decimals, v)
			}
			if v == best {
				text = "**" + text + "**"
			}
			fmt.Fprintf(&out, " %s |", text)
		}
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "\nMedians of %d samples on %s.\n", d.Parameters.Repeats, d.Machine)
	return out.String()
}

// values returns the median of each peer, NaN for those that do not have the benchmark.
func (h headline) values(figures *result.Results) []float64 {
	values := make([]float64, len(headlinePeers))
	for i, p := range headlinePeers {
		values[i] = math.NaN()
		name := p.peer
		if h.benchmark == "grow/fill=all" && name == "make" {
			name = "append" // a buffer on the Go heap grows so
		}
		if v, ok := figures.Median(h.benchmark, name); ok {
			values[i] = v
		}
	}
	return values
}

// WriteHeadlineChart draws the headlines that have a panel in an SVG file.
func WriteHeadlineChart(file string, d *result.Document) error {
	var out bytes.Buffer
	if err := headlineChart(d).Write(&out); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

func headlineChart(d *result.Document) barchart.Chart {
	chart := barchart.Chart{Title: "ashlar beside the Go heap and modernc.org/memory; shorter is better"}
	for _, h := range headlines {
		if h.chart == "" {
			continue
		}
		panel := barchart.Panel{Title: h.chart, Unit: h.unit}
		for i, v := range h.values(d.Figures()) {
			if p := headlinePeers[i]; !math.IsNaN(v) {
				panel.Bars = append(panel.Bars, barchart.Bar{Name: p.short, Value: v, Ours: p.peer == peer.Ashlar})
			}
		}
		chart.Panels = append(chart.Panels, panel)
	}
	return chart
}
