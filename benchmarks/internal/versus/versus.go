// SPDX-License-Identifier: Apache-2.0

// Package versus compares two programs, or two forms of one, that run in turn.
package versus

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
)

// A Comparison holds samples of two peers by what was measured, in the order in
// which that came up. The zero value has none.
type Comparison struct {
	figures []string
	samples [2]map[string][]float64
}

// Run calls measure for both peers, 0 and 1, in a random order, as often as repeats
// says.
func (c *Comparison) Run(repeats int, measure func(peer int) error) error {
	for range repeats {
		for _, peer := range rand.Perm(len(c.samples)) {
			if err := measure(peer); err != nil {
				return err
			}
		}
	}
	return nil
}

// Add adds a sample.
func (c *Comparison) Add(peer int, figure string, value float64) {
	if c.samples[0][figure] == nil && c.samples[1][figure] == nil {
		c.figures = append(c.figures, figure)
	}
	if c.samples[peer] == nil {
		c.samples[peer] = map[string][]float64{}
	}
	c.samples[peer][figure] = append(c.samples[peer][figure], value)
}

// AddProcessorTime adds what a program that has ended took.
func (c *Comparison) AddProcessorTime(peer int, ended *exec.Cmd) {
	seconds := (ended.ProcessState.UserTime() + ended.ProcessState.SystemTime()).Seconds()
	c.Add(peer, "processor time, s", seconds)
}

// Ratio is the median of peer 0 to that of peer 1.
func (c *Comparison) Ratio(figure string) float64 {
	return stat.Median(c.samples[0][figure]) / stat.Median(c.samples[1][figure])
}

// Table shows the medians, with half the distance between the quartiles as a share
// of them, and the ratio of the first peer's to the other's. What would divide by
// nothing is left out.
func (c *Comparison) Table(title string, peers [2]string) *grid.Grid {
	t := &grid.Grid{Title: title, Header: []string{"", peers[0], peers[1], "ratio"}}
	for _, figure := range c.figures {
		t.Add(figure, grid.Median(stat.Summarize(c.samples[0][figure]), false), grid.Median(stat.Summarize(c.samples[1][figure]), false), ratioCell(c.Ratio(figure)))
	}
	return t
}

func ratioCell(ratio float64) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return "–"
	}
	return fmt.Sprintf("%.3f", ratio)
}
