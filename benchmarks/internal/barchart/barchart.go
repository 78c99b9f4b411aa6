// SPDX-License-Identifier: Apache-2.0

// Package barchart draws horizontal bars as one SVG file that is readable on light and
// dark pages.
//
//	Chart   panels side by side
//	Panel   a title, a unit, and bars of one scale
//	Bar     a name and a value
//
// The text takes the colour of the reader's scheme by a media query inside the file, so
// that one file serves both.
package barchart

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Chart is a row of panels.
type Chart struct {
	Title  string // read by screen readers
	Panels []Panel
}

// A Panel has bars from 0 to the largest value.
type Panel struct {
	Title string
	Unit  string // is added to each value
	Bars  []Bar
}

// A Bar is one line of a panel.
type Bar struct {
	Name  string
	Value float64
	Ours  bool // is drawn in the accent colour
}

// Lengths in pixels.
const (
	panelWidth = 270
	panelGap   = 24
	nameWidth  = 92
	valueWidth = 62
	lineHeight = 22
	barHeight  = 13
	headHeight = 34
)

const style = `text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600}.v{fill:#57606a}` +
	`.o{fill:#0969da}.p{fill:#a3aab2}` +
	`@media(prefers-color-scheme:dark){text{fill:#e6edf3}.v{fill:#9198a1}.o{fill:#4493f8}.p{fill:#59616b}}`

// Write writes the chart as SVG.
func (c Chart) Write(w io.Writer) error {
	lines := 0
	for _, p := range c.Panels {
		lines = max(lines, len(p.Bars))
	}
	width := len(c.Panels)*(panelWidth+panelGap) - panelGap
	height := headHeight + lines*lineHeight
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, "<title>%s</title>\n<style>%s</style>\n", escape(c.Title), style)
	for i, p := range c.Panels {
		p.write(&out, i*(panelWidth+panelGap))
	}
	out.WriteString("</svg>\n")
	_, err := io.WriteString(w, out.String())
	return err
}

func (p Panel) write(out *strings.Builder, x int) {
	fmt.Fprintf(out, `<text class="t" x="%d" y="16">%s</text>`+"\n", x, escape(p.Title))
	largest := 0.0
	for _, b := range p.Bars {
		largest = max(largest, b.Value)
	}
	const room = panelWidth - nameWidth - valueWidth
	for i, b := range p.Bars {
		y := headHeight + i*lineHeight
		length := 1.0
		if largest > 0 {
			length = max(length, b.Value/largest*room)
		}
		class := "p"
		if b.Ours {
			class = "o"
		}
		fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="end">%s</text>`, x+nameWidth-8, y+11, escape(b.Name))
		fmt.Fprintf(out, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, x+nameWidth, y, length, barHeight)
		fmt.Fprintf(out, `<text class="v" x="%.1f" y="%d">%s</text>`+"\n", float64(x+nameWidth)+length+6, y+11, escape(value(b.Value)+" "+p.Unit))
	}
}

// value formats x with three significant digits.
func value(x float64) string {
	switch {
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

func escape(s string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a Builder never fails
	return out.String()
}
