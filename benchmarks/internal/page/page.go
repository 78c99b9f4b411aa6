// SPDX-License-Identifier: Apache-2.0

package page

import (
	"embed"
	"html/template"
	"io"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

// A Page is a report. The zero value is an empty one.
type Page struct {
	Title    string
	Intro    []string // lines: the machine, the method, the time
	Command  string   // that made the page
	Missed   []Goal
	Met      []Goal
	Unjudged int // goals that were not measured
	Series   []Series
	Tables   []Table
	Notes    []string
}

// A Goal is a bound and how it came out.
type Goal struct{ Text, Value, Want string }

// A Series has the same colour in all charts. Ours stand out from the others.
type Series struct {
	Name string `json:"name"`
	Ours bool   `json:"ours"`
}

// A Table is one table of the report: its grids, and charts of what is in them.
type Table struct {
	ID      string // a word, unique in the page
	Name    string // short
	Title   string
	Command string   // that measures the table alone
	Machine string   // on which it was measured
	Says    []string // what the charts show, in words
	Charts  []*Chart
	Grids   []*grid.Grid
}

// A Kind of chart is how its points are drawn.
type Kind string

const (
	Ratios Kind = "ratios" // bars on a logarithmic scale, from 1 to the left and to the right; a group for each Group
	Lines  Kind = "lines"  // a line through the points of each series
)

// A Chart is drawn from points. Write sets its ID.
type Chart struct {
	ID     string  `json:"id"`
	Kind   Kind    `json:"kind"`
	Title  string  `json:"title"`
	X      string  `json:"x"` // what the axes are
	Y      string  `json:"y"`
	LogX   bool    `json:"log_x"`
	LogY   bool    `json:"log_y"`
	Beyond bool    `json:"beyond"` // x is 1/(1-q) for the quantile q
	Ticks  []int   `json:"ticks"`  // of x; the library chooses them if there are none
	Points []Point `json:"points"`
}

// A Point belongs to a series. In a chart of ratios, X is the ratio, and Group names what it is the ratio of.
type Point struct {
	Series string  `json:"series"`
	Group  string  `json:"group,omitempty"`
	Chance bool    `json:"chance,omitempty"` // the ratio may differ from 1 by chance
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
}

//go:embed assets/page.html assets/page.css assets/page.js assets/d3.min.js assets/plot.min.js
var assets embed.FS

var page = template.Must(template.New("page.html").ParseFS(assets, "assets/page.html"))

// Write writes the page as HTML. It escapes all texts.
func (p *Page) Write(w io.Writer) error {
	charts := []*Chart{}
	for _, table := range p.Tables {
		for i, chart := range table.Charts {
			chart.ID = table.ID + "-chart-" + string(rune('a'+i))
			charts = append(charts, chart)
		}
	}
	return page.Execute(w, struct {
		*Page
		Style        template.CSS
		D3, Plot, JS template.JS
		Data         any
	}{
		p, template.CSS(asset("page.css")),
		template.JS(asset("d3.min.js")), template.JS(asset("plot.min.js")), template.JS(asset("page.js")),
		map[string]any{"series": p.Series, "charts": charts},
	})
}

// asset reads a file of this package.
func asset(name string) string {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err)
	}
	return string(text)
}
