package abuse

import (
	"fmt"
	"strings"
)

// Table returns the cases as a table in Markdown.
func Table() string {
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
		fmt.Fprintf(&b, "\n| %s |", c.Name)
		for m := range Modes {
			r := c.in(m)
			fmt.Fprintf(&b, " %s |", r.cell())
		}
		for i := range Peers {
			fmt.Fprintf(&b, " %s |", Peers[i].Says(c.Kin))
		}
	}
	b.WriteString("\n")
	return b.String()
}

// cell says in few words what is reported.
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
