// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A Grid has a title, a header and rows of cells. The first column is set flush left, the others
// flush right unless their index is in Left. The zero value is an empty grid.
type Grid struct {
	Title  string
	Header []string
	Rows   [][]string
	Left   map[int]bool
	Notes  []string // printed below the rows
}

// Add appends a row of cells.
func (t *Grid) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// WriteText writes the grid with its columns aligned by spaces.
func (t *Grid) WriteText(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n", t.Title)
	widths := t.widths()
	t.writeAligned(&out, widths, t.Header)
	for _, row := range t.Rows {
		t.writeAligned(&out, widths, row)
	}
	for _, note := range t.Notes {
		fmt.Fprintf(&out, "  (%s)\n", note)
	}
	out.WriteString("\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteMarkdown writes the grid as a Markdown table.
func (t *Grid) WriteMarkdown(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "**%s**\n\n", t.Title)
	writePiped(&out, t.Header, len(t.Header))
	rules := make([]string, len(t.Header))
	for column := range rules {
		rules[column] = "---:"
		if t.flushLeft(column) {
			rules[column] = "---"
		}
	}
	writePiped(&out, rules, len(t.Header))
	for _, row := range t.Rows {
		writePiped(&out, row, len(t.Header))
	}
	for _, note := range t.Notes {
		fmt.Fprintf(&out, "\n%s\n", note)
	}
	out.WriteString("\n")
	_, err := io.WriteString(w, out.String())
	return err
}

func (t *Grid) flushLeft(column int) bool { return column == 0 || t.Left[column] }

// widths returns how many characters, not bytes, each column needs.
func (t *Grid) widths() []int {
	var widths []int
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		for column, cell := range row {
			if column == len(widths) {
				widths = append(widths, 0)
			}
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func (t *Grid) writeAligned(out *strings.Builder, widths []int, row []string) {
	var line strings.Builder
	for column, cell := range row {
		pad := strings.Repeat(" ", widths[column]-utf8.RuneCountInString(cell))
		if t.flushLeft(column) {
			line.WriteString("  " + cell + pad)
		} else {
			line.WriteString("  " + pad + cell)
		}
	}
	out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

func writePiped(out *strings.Builder, row []string, columns int) {
	for column := range columns {
		cell := ""
		if column < len(row) {
			cell = strings.ReplaceAll(row[column], "|", `\|`)
		}
		out.WriteString("| " + cell + " ")
	}
	out.WriteString("|\n")
}
