// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
)

// A goal is a bound on a ratio of ashlar's median to the Go heap's.
type goal struct {
	Figure string  `json:"figure"`
	AtMost float64 `json:"at_most"`
	Ratio  float64 `json:"ratio"`
	Met    bool    `json:"met"`
}

// goals compares the ratios with their bounds, which are set for 2 GiB. A goal without a ratio is
// not met: this happens if no collection ended while the load counted.
func (c *comparison) goals() []goal {
	list := []goal{{Figure: figureGC, AtMost: 0.05}, {Figure: busyFigure(""), AtMost: 0.2}, {Figure: figureResident, AtMost: 0.7}}
	for i := range list {
		b := &list[i]
		b.Ratio = c.figures.Ratio(b.Figure)
		b.Met = b.Ratio <= b.AtMost
	}
	return list
}

// publish prints the table and writes the file of all figures.
func (c *comparison) publish(out io.Writer, o *options) error {
	title := fmt.Sprintf("Cache of %d MiB, values of %d to %d bytes, %.0f operations/s, %.0f %% gets, medians of %d",
		o.bytes>>20, o.mix.Min, o.mix.Max, o.load.Rate, 100*o.mix.Gets, o.repeats)
	t := c.figures.Table(title, store.Names)
	t.Notes = append(t.Notes, machine.Describe().String())
	if c.refused != "" {
		t.Notes = append(t.Notes, "sets were refused: "+c.refused)
	}
	verdicts := &grid.Grid{Title: "Goals, at 2048 MiB", Header: []string{"ashlar ÷ goheap", "at most", "is", ""}}
	goals := c.goals()
	for _, b := range goals {
		verdict := "missed"
		if b.Met {
			verdict = "met"
		}
		verdicts.Add(b.Figure, fmt.Sprint(b.AtMost), fmt.Sprintf("%.3f", b.Ratio), verdict)
		if math.IsNaN(b.Ratio) || math.IsInf(b.Ratio, 0) {
			verdicts.Notes = append(verdicts.Notes, b.Figure+": nothing to compare; let the load count for longer (-d)")
		}
	}
	for _, t := range []*grid.Grid{t, verdicts} {
		write := t.WriteText
		if o.markdown {
			write = t.WriteMarkdown
		}
		if err := write(out); err != nil {
			return err
		}
	}
	if o.jsonFile == "" {
		return nil
	}
	return c.writeJSON(o, goals)
}

func (c *comparison) writeJSON(o *options, goals []goal) error {
	for i := range goals {
		if r := goals[i].Ratio; math.IsNaN(r) || math.IsInf(r, 0) {
			goals[i].Ratio = -1 // JSON has neither NaN nor Inf
		}
	}
	encoded, err := json.MarshalIndent(struct {
		Machine machine.Description `json:"machine"`
		MiB     int64               `json:"mib"`
		Rate    float64             `json:"rate"`
		Gets    float64             `json:"gets"`
		Zipf    float64             `json:"zipf"`
		Shape   float64             `json:"shape"`
		Keys    uint64              `json:"keys"`
		Runs    []run               `json:"runs"`
		Goals   []goal              `json:"goals"`
	}{machine.Describe(), o.bytes >> 20, o.load.Rate, o.mix.Gets, o.mix.Zipf, o.mix.Shape, o.mix.Keys, c.runs, goals}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(o.jsonFile, append(encoded, '\n'), 0o644)
}
