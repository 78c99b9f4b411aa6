package main

import "fmt"

// A figure names one median among the results.
type figure struct{ row, peer string }

// A bar is a goal for ashlar: a bound on a figure, or on its ratio to another figure.
type bar struct {
	text  string
	ours  figure
	other figure // empty if the bound is on our figure itself
	sense sense
	bound float64
}

// A sense says how figures compare to the bound.
type sense int

const (
	atMost  sense = iota // ours, or ours ÷ other, is at most the bound
	atLeast              // ours is at least the bound
	faster               // other ÷ ours, which are times, is at least the bound
)

// A verdict is how a bar came out.
type verdict struct {
	Text  string   `json:"bar"`
	Ours  *float64 `json:"ours"` // null if not measured
	Other *float64 `json:"other,omitempty"`
	Value *float64 `json:"value"` // to compare with the bound; null if a figure is missing
	Want  string   `json:"want"`
	Met   bool     `json:"met"`
}

// judge compares the bar with the results.
func (b bar) judge(r *results) verdict {
	v := verdict{Text: b.text, Want: b.want()}
	v.Ours = r.pointer(b.ours)
	if b.other == (figure{}) {
		v.Value = v.Ours
	} else if v.Other = r.pointer(b.other); v.Ours != nil && v.Other != nil {
		ratio := *v.Ours / *v.Other
		if b.sense == faster {
			ratio = *v.Other / *v.Ours
		}
		v.Value = &ratio
	}
	v.Met = v.Value != nil && b.holds(*v.Value)
	return v
}

func (r *results) pointer(f figure) *float64 {
	if median, ok := r.median(f.row, f.peer); ok {
		return &median
	}
	return nil
}

func (b bar) holds(value float64) bool {
	if b.sense == atMost {
		return value <= b.bound
	}
	return value >= b.bound
}

func (b bar) want() string {
	if b.sense == atMost {
		return fmt.Sprintf("≤ %s", significant(b.bound))
	}
	return fmt.Sprintf("≥ %s", significant(b.bound))
}
