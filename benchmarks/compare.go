package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

// Two runs are compared by benchstat's method, with its own library: medians with their confidence
// intervals, and the Mann-Whitney U test, which assumes nothing about how samples are distributed.

// confidence is that of the intervals around medians.
const confidence = 0.95

// A change is how a figure of one peer differs between two runs.
type change struct {
	row, peer, unit string
	before, after   benchmath.Summary
	test            benchmath.Comparison
}

// compare lists what both documents measured, in the order of the new one. Figures that were derived from
// medians have one sample, which proves nothing: they are left out.
func compare(before, after *document) []change {
	old := results{before.Results}
	var changes []change
	for _, now := range after.Results {
		was := old.find(now.Row, now.Peer)
		if was == nil || was.Unit != now.Unit || (len(was.Samples) < 2 && len(now.Samples) < 2) {
			continue
		}
		a, b := was.sample(), now.sample()
		changes = append(changes, change{
			row: now.Row, peer: now.Peer, unit: now.Unit,
			before: benchmath.AssumeNothing.Summary(a, confidence),
			after:  benchmath.AssumeNothing.Summary(b, confidence),
			test:   benchmath.AssumeNothing.Compare(a, b),
		})
	}
	return changes
}

// sample is the result for benchmath, which sorts it.
func (r *result) sample() *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(r.Samples), &benchmath.DefaultThresholds)
}

// beyondChance says whether the two differ by more than chance makes.
func (r *result) beyondChance(other *result) bool {
	test := benchmath.AssumeNothing.Compare(r.sample(), other.sample())
	return test.P <= test.Alpha
}

// significant says whether the difference is more than chance makes.
func (c change) significant() bool {
	return c.test.P <= c.test.Alpha && c.before.Center != c.after.Center
}

// ratio is how much of the old figure the new one is.
func (c change) ratio() float64 { return c.after.Center / c.before.Center }

// verdict is the change in words; a tilde where chance may have made it.
func (c change) verdict() string {
	if !c.significant() {
		return "~"
	}
	word := "worse"
	if (c.after.Center > c.before.Center) == moreIsBetter(c.row, c.unit) {
		word = "better"
	}
	return c.test.FormatDelta(c.before.Center, c.after.Center) + " " + word
}

// moreIsBetter says so of a figure: of what comes back to the kernel, and of speed-ups. Of all others less is.
func moreIsBetter(row, unit string) bool {
	return unit == percent || strings.Contains(row, "speedup")
}

// geomean is the geometric mean of the ratios of a peer's times. It is NaN if there are none.
func geomean(changes []change, peer string) float64 {
	sum, n := 0.0, 0
	for _, c := range changes {
		if r := c.ratio(); c.peer == peer && isTime(c.unit) && r > 0 && !math.IsInf(r, 0) {
			sum += math.Log(r)
			n++
		}
	}
	return math.Exp(sum / float64(n))
}

func isTime(unit string) bool { return unit == nanoseconds || unit == milliseconds }

// compareFiles compares two files that -json wrote.
func compareFiles(out io.Writer, o *options, oldFile, newFile string) error {
	before, err := readDocument(oldFile)
	if err != nil {
		return err
	}
	after, err := readDocument(newFile)
	if err != nil {
		return err
	}
	return writeComparison(out, o, before, after)
}

func writeComparison(out io.Writer, o *options, before, after *document) error {
	changes := compare(before, after)
	if len(changes) == 0 {
		return fmt.Errorf("-compare: the runs have no repeated figure in common")
	}
	for _, t := range []*grid.Grid{changeTable(changes, before, after), geomeanTable(changes)} {
		write := t.WriteText
		if o.markdown {
			write = t.WriteMarkdown
		}
		if err := write(out); err != nil {
			return err
		}
	}
	return nil
}

func changeTable(changes []change, before, after *document) *grid.Grid {
	t := &grid.Grid{
		Title:  "Compared: medians with their confidence intervals",
		Header: []string{"row", "peer", "unit", "old", "new", "change", "test"},
		Left:   map[int]bool{1: true, 2: true, 5: true},
	}
	if before.Machine != after.Machine {
		t.Notes = append(t.Notes, "the machines differ: old "+before.Machine.String()+"; new "+after.Machine.String())
	}
	warned := make(map[string]bool)
	for _, c := range changes {
		t.Add(c.row, c.peer, c.unit, centre(c.before), centre(c.after), c.verdict(), c.test.String())
		for _, warning := range slices.Concat(c.before.Warnings, c.after.Warnings, c.test.Warnings) {
			if text := warning.Error(); !warned[text] {
				warned[text] = true
				t.Notes = append(t.Notes, text+": -repeats")
			}
		}
	}
	t.Notes = append(t.Notes, "~: chance may have made the difference, by the Mann-Whitney U test")
	return t
}

// centre is the median with the wider side of its confidence interval.
func centre(s benchmath.Summary) string { return significant(s.Center) + " ±" + s.PctRangeString() }

func geomeanTable(changes []change) *grid.Grid {
	t := &grid.Grid{
		Title:  "Compared: geometric mean of new time ÷ old time",
		Header: []string{"peer", "ratio"},
	}
	var peers []string
	for _, c := range changes {
		if !slices.Contains(peers, c.peer) {
			peers = append(peers, c.peer)
		}
	}
	for _, peer := range peers {
		if ratio := geomean(changes, peer); !math.IsNaN(ratio) {
			t.Add(peer, fmt.Sprintf("%.3f", ratio))
		}
	}
	t.Notes = append(t.Notes, "a peer that did not change between the runs shows by its ratio how the machine did")
	return t
}
