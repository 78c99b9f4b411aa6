// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"fmt"
	"slices"
	"strings"
)

// Chief contains the names of the cases for the short table in SECURITY.md.
var Chief = []string{
	"free twice in a row", "free twice, from two goroutines at once", "free twice, large", "free inside a block",
	"free a variable on the stack", "free another Allocator's block", "free an object of an arena", "free as another type",
	"reallocate after free", "overflow by 1 byte, stored", "overflow by 32 bytes, stored", "underflow by 8 bytes, stored",
	"overflow of a large object by 8 bytes, stored", "underflow of a large object by 8 bytes, stored",
	"write after free", "read after free", "read after free, large, unmapped between", "lose a block", "n · size overflows",
}

// Table returns the cases with the names as a Markdown table. Without names it returns
// all cases.
func Table(names ...string) string {
	var b strings.Builder
	b.WriteString("| What the program does |")
	for _, m := range Modes {
		fmt.Fprintf(&b, " %s |", m.Name)
	}
	for _, p := range Peers {
		fmt.Fprintf(&b, " [%s](%s) |", p.Name, p.Source)
	}
	b.WriteString("\n|---|")
	b.WriteString(strings.Repeat("---|", len(Modes)+len(Peers)))
	for _, c := range Cases() {
		if len(names) > 0 && !slices.Contains(names, c.Name) {
			continue
		}
		fmt.Fprintf(&b, "\n| %s |", c.Name)
		for m := range Modes {
			r := c.in(m)
			fmt.Fprintf(&b, " %s |", r.cell())
		}
		for i := range Peers {
			fmt.Fprintf(&b, " %s |", Peers[i].Says(c.Category))
		}
	}
	b.WriteString("\n")
	return b.String()
}

// cell returns the contents of a table cell: how the case is reported, in a few words.
func (r *Report) cell() string {
	switch {
	case r.Kind == Refused:
		return "error: " + r.Err.Error()
	case r.When != "":
		return fmt.Sprintf("**%v**, %s", r.Kind, r.When)
	case r.Kind == Panics || r.Kind == Faults:
		return fmt.Sprintf("**%v**", r.Kind)
	}
	return r.Kind.String()
}
