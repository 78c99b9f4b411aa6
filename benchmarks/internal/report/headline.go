// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/barchart"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// A Headline is a figure of a family that the README's table shows for ashlar and two peers.
type Headline struct {
	Text      string // of its line
	Benchmark string
	GoHeap    string // the peer that stands for the Go heap; empty: peer.Make
	Decimals  int
	Chart     string // the title of its panel in the chart, if it has one
	Unit      string // as the panel shows it
}

// headlinePeers are the peers of the headlines, and their names in the table and in the chart.
var headlinePeers = []struct{ peer, name, short string }{
	{peer.Ashlar, "ashlar", "ashlar"},
	{peer.Make, "the Go heap", "Go heap"},
	{"modernc", "modernc.org/memory", "modernc"},
}

// headlines yields the headlines of the families, in the order of the families.
func headlines(families []Family) iter.Seq[Headline] {
	return func(yield func(Headline) bool) {
		for _, f := range families {
			for _, h := range f.Headlines {
				if !yield(h) {
					return
				}
			}
		}
	}
}

// headlineTable is the README's table. The best figure of each line is bold, so that a
// line that ashlar loses shows it.
func headlineTable(d *result.Document, families []Family) string {
	var out strings.Builder
	out.WriteString("| |")
	for _, p := range headlinePeers {
		fmt.Fprintf(&out, " %s |", p.name)
	}
	out.WriteString("\n|---|" + strings.Repeat("---:|", len(headlinePeers)) + "\n")
	figures := d.Figures()
	for h := range headlines(families) {
		values := h.values(figures)
		best := math.Inf(1)
		for _, v := range values {
			if !math.IsNaN(v) {
				best = min(best, v)
			}
		}
		fmt.Fprintf(&out, "| %s |", h.Text)
		for _, v := range values {
			text := "–"
			if !math.IsNaN(v) {
				text = fmt.Sprintf("%.*f", h.Decimals, v)
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
func (h Headline) values(figures *result.Results) []float64 {
	values := make([]float64, len(headlinePeers))
	for i, p := range headlinePeers {
		values[i] = math.NaN()
		name := p.peer
		if name == peer.Make && h.GoHeap != "" {
			name = h.GoHeap
		}
		if v, ok := figures.Median(h.Benchmark, name); ok {
			values[i] = v
		}
	}
	return values
}

// WriteHeadlineChart draws the headlines that have a panel in an SVG file.
func WriteHeadlineChart(file string, d *result.Document, families []Family) error {
	var out bytes.Buffer
	if err := headlineChart(d, families).Write(&out); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

func headlineChart(d *result.Document, families []Family) barchart.Chart {
	chart := barchart.Chart{Title: "ashlar beside the Go heap and modernc.org/memory; shorter is better"}
	for h := range headlines(families) {
		if h.Chart == "" {
			continue
		}
		panel := barchart.Panel{Title: h.Chart, Unit: h.Unit}
		for i, v := range h.values(d.Figures()) {
			if p := headlinePeers[i]; !math.IsNaN(v) {
				panel.Bars = append(panel.Bars, barchart.Bar{Name: p.short, Value: v, Ours: p.peer == peer.Ashlar})
			}
		}
		chart.Panels = append(chart.Panels, panel)
	}
	return chart
}
