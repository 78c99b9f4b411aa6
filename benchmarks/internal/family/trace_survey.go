// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// traceSurveys describe the objects of the traces. They are made from the files of the traces, and missing if a
// file is not there any more.
func traceSurveys(d *result.Document) (grids []*grid.Grid, missing []string) {
	for _, file := range d.Traces {
		_, survey, err := trace.LoadFile(file)
		if err != nil {
			missing = append(missing, fmt.Sprintf("the tables of the trace %s: %v", file, err))
			continue
		}
		name := trace.Name(file)
		grids = append(grids,
			histogram(name+": requested sizes", "bytes", survey.Sizes(), ""),
			histogram(name+": lifetimes in bytes allocated meanwhile", "bytes", survey.LifetimesInBytes(), kept(survey)),
			histogram(name+": lifetimes in operations", "operations", survey.LifetimesInSteps(), kept(survey)))
		grids = append(grids, classGrids(name, survey.Demand(), d.Parameters.Classes)...)
	}
	return grids, missing
}

func kept(s *trace.Survey) string {
	return fmt.Sprintf("%d objects were live at the end, and count as freed then; a resize ends a life and begins another", s.Kept())
}

func histogram(title, unit string, bins []trace.Bin, note string) *grid.Grid {
	g := &grid.Grid{Title: title, Header: []string{unit, "objects", "share", "their bytes", "share"}}
	objects, bytes := 0, int64(0)
	for _, b := range bins {
		objects += b.Objects
		bytes += b.Bytes
	}
	for _, b := range bins {
		if b.Objects == 0 {
			continue
		}
		name := fmt.Sprint(b.From)
		if b.To > b.From {
			name += fmt.Sprintf("–%d", b.To)
		}
		g.Add(name, fmt.Sprint(b.Objects), share(float64(b.Objects), float64(objects)),
			grid.Memory(float64(b.Bytes)), share(float64(b.Bytes), float64(bytes)))
	}
	if note != "" {
		g.Notes = []string{note}
	}
	return g
}

func share(part, whole float64) string { return fmt.Sprintf("%.1f %%", 100*part/max(whole, 1)) }

// classGrids show how much memory size classes waste under the trace's load, and list the best n classes.
func classGrids(name string, d *trace.Demand, n int) []*grid.Grid {
	live := d.Live()
	g := &grid.Grid{
		Title:  name + ": lost inside blocks below 128 KiB, in the mean over the trace",
		Header: []string{"size classes", "bytes", "of what is requested"},
		Notes:  []string{fmt.Sprintf("%s are requested in the mean; the best classes are those for this very trace, of multiples of 16 bytes", grid.Memory(live))},
	}
	add := func(classes string, waste float64) { g.Add(classes, grid.Memory(waste), share(waste, live)) }
	add("ashlar's, 88", d.Waste(trace.OnAshlar))
	add("the Go heap's", d.Waste(trace.OnGo))
	add("powers of two", d.Waste(trace.OnPowers))
	for _, k := range []int{4, 8, 16, 32, 64} {
		if table := d.Fit(k); len(table) == k {
			add(fmt.Sprintf("the best %d", k), d.Waste(trace.InTable(table)))
		}
	}
	all := d.Fit(1 << 20)
	if len(all) == 0 {
		return nil
	}
	add(fmt.Sprintf("all %d multiples of 16 that occur", len(all)), d.Waste(trace.InTable(all)))
	best := d.Fit(n)
	list := &grid.Grid{Title: fmt.Sprintf("%s: the %d size classes that would waste least", name, len(best)), Header: []string{"", "bytes"}, Left: map[int]bool{1: true}}
	for row := range slices.Chunk(best, 12) {
		list.Add("", fmt.Sprint(row))
	}
	return []*grid.Grid{g, list}
}
