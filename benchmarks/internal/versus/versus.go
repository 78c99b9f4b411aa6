// SPDX-License-Identifier: Apache-2.0

// Package versus compares two programs, or two forms of one program, that run in turn. Its figures are medians
// of all runs.
package versus

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
)

// A Comparison has the samples of two peers by figure, in the order in which the
// figures were first added. The zero value is empty.
type Comparison struct {
	figures []string
	samples [2]map[string][]float64
}

// Run calls measure for both peers, 0 and 1, in a random order, and repeats that.
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

// AddProcessorTime adds the processor time of a program that has ended.
func (c *Comparison) AddProcessorTime(peer int, ended *exec.Cmd) {
	seconds := (ended.ProcessState.UserTime() + ended.ProcessState.SystemTime()).Seconds()
	c.Add(peer, "processor time, s", seconds)
}

// Ratio returns the median of peer 0 ÷ that of peer 1.
func (c *Comparison) Ratio(figure string) float64 {
	return stat.Median(c.samples[0][figure]) / stat.Median(c.samples[1][figure])
}

// Table shows the medians with their spread, and the ratio of the first peer's median to the other's. The
// ratio is left out if it would divide by zero.
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
