// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

const liveFamily = "live"

func init() {
	register(60, harness.Family{
		Family: report.Family{
			Name: liveFamily,
			About: "10 million live blocks: resident memory, share of the Go heap, time of a forced collection; " +
				"then all are freed: how much is back with the kernel after Trim, or when it is back by itself",
			Tables: liveTables,
			Goals:  liveGoals(),
			Headlines: []report.Headline{{
				Text:      "A forced collection beside 10 million live blocks of 64 B, ms",
				Benchmark: liveName(64, gcLiveFigure), Decimals: 1, Chart: "A collection, 10 M blocks live", Unit: "ms",
			}},
		},
		Benchmarks: liveBenchmarks,
		Derive:     deriveLive,
		Task:       harness.TaskOf((*liveTask).run),
	})
}

// liveSizes are the sizes of the live blocks, in bytes.
var liveSizes = []int{64, 16}

// The figures of the benchmarks.
func liveName(size int, figure string) string { return fmt.Sprintf("live/size=%d/%s", size, figure) }

const (
	residentFigure = "rss-to-live"
	heapFigure     = "go-heap"
	gcNoneFigure   = "gc-none"
	gcLiveFigure   = "gc-live"
	gcRatioFigure  = "gc-live-to-none"
	leftFigure     = "left"  // followed by the order
	backFigure     = "back"  // followed by the order
	decayFigure    = "decay" // followed by the order
)

// freeOrders name the orders in which the live blocks are freed.
var freeOrders = []string{"fifo", "random"}

func inFreeOrder(figure, order string) string { return figure + "/order=" + order }

// liveBenchmarks frees ashlar's blocks in both orders, with Trim and without. The blocks of the peers are
// freed first to last with Trim only: the other variants say nothing about ashlar.
func liveBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, size := range liveSizes {
		for _, order := range freeOrders {
			for _, trim := range []bool{true, false} {
				benchmarks = append(benchmarks, liveBenchmark(liveTask{Peer: peer.Ashlar, Size: size, Random: order == "random", Trim: trim}))
			}
		}
		for _, kind := range peer.For(peer.Live) {
			if !kind.Ours {
				benchmarks = append(benchmarks, liveBenchmark(liveTask{Peer: kind.Name, Size: size, Trim: true}))
			}
		}
	}
	return benchmarks
}

func liveBenchmark(task liveTask) harness.Benchmark {
	return harness.Benchmark{
		Name: fmt.Sprintf("live/size=%d/peer=%s/order=%s/end=%s", task.Size, task.Peer, task.order(), task.end()),
		Seconds: func(o *harness.Options, _ int) float64 {
			return float64(o.MemoryRepeats) * float64(o.LiveBlocks) * 2.5e-7
		},
		Run: func(s *harness.Session) error { return measureLive(s, task) },
	}
}

// liveMetrics is the name of the metrics of a benchmark.
func liveMetrics(t liveTask) string {
	return liveName(t.Size, fmt.Sprintf("order=%s/end=%s", t.order(), t.end()))
}

func (t *liveTask) end() string {
	if t.Trim {
		return "trim"
	}
	return "decay"
}

func (t *liveTask) order() string {
	if t.Random {
		return freeOrders[1]
	}
	return freeOrders[0]
}

func measureLive(s *harness.Session, task liveTask) error {
	if !rss.Supported || !peer.MapSupported {
		s.Skip("the live benchmarks: the resident set cannot be read on this system")
		return nil
	}
	task.Blocks, task.Wait = s.Options.LiveBlocks, s.Options.DecayWait
	for range s.Options.MemoryRepeats {
		var report liveReport
		seen, err := harness.Host{}.Do(harness.Task{Family: liveFamily, Arguments: &task}, &report)
		if err != nil {
			return err
		}
		addLive(&s.Results, task, report)
		m := s.Metrics.Of(liveMetrics(task), task.Peer)
		m.Live, m.Resident, m.Peak = int64(task.Size)*int64(task.Blocks), report.Resident, report.Peak
		m.Usage.Mappings, m.Timeline = report.Mappings, seen
	}
	return nil
}

// addLive records the figures of the report.
func addLive(r *result.Results, t liveTask, report liveReport) {
	live := float64(t.Size) * float64(t.Blocks)
	add := func(figure, unit string, sample float64) { r.Add(liveName(t.Size, figure), t.Peer, unit, sample) }
	add(residentFigure, result.Times, float64(report.Resident)/live)
	add(heapFigure, result.Kibibytes, float64(report.HeapAlloc)/(1<<10))
	add(gcNoneFigure, result.Milliseconds, report.GCNone)
	add(gcLiveFigure, result.Milliseconds, report.GCLive)
	back := 100 * (1 - float64(report.Left)/live)
	if t.Trim {
		add(inFreeOrder(backFigure, t.order()), result.Percent, back)
	} else {
		add(inFreeOrder(decayFigure, t.order()), result.Milliseconds, report.Decay)
		add(inFreeOrder(leftFigure, t.order()), result.Percent, back)
	}
}

// deriveLive compares the collector's time with and without live blocks.
func deriveLive(r *result.Results) {
	for _, size := range liveSizes {
		r.DeriveRatio(liveName(size, gcRatioFigure), liveName(size, gcLiveFigure), liveName(size, gcNoneFigure))
	}
}

func liveTables(d *result.Document) []report.Table {
	var tables []report.Table
	for _, size := range liveSizes {
		tables = append(tables, liveTable(d, size))
	}
	return tables
}

func liveTable(d *result.Document, size int) report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("Live: %d blocks of %s", d.Parameters.LiveBlocks, grid.Bytes(size)),
		Pattern: "^" + liveName(size, ""), First: "figure", Main: true,
	}
	line := func(figure, label string) {
		t.Lines = append(t.Lines, report.Line{Benchmark: liveName(size, figure), Label: label})
	}
	line(residentFigure, "resident ÷ live bytes")
	line(heapFigure, "Go heap, KiB")
	line(gcNoneFigure, "fastest forced collection, none live, ms")
	line(gcLiveFigure, "fastest forced collection, all live, ms")
	line(gcRatioFigure, "the latter ÷ the former")
	for _, order := range freeOrders {
		line(inFreeOrder(backFigure, order), "% back on Trim, freed "+order)
	}
	for _, order := range freeOrders {
		line(inFreeOrder(decayFigure, order), "ms until 98 % back by itself, freed "+order)
		line(inFreeOrder(leftFigure, order), "% back then")
	}
	for _, order := range freeOrders {
		for _, trim := range []bool{true, false} {
			task := liveTask{Size: size, Random: order == freeOrders[1], Trim: trim}
			t.Observed = append(t.Observed, report.Line{Benchmark: liveMetrics(task), Label: task.order() + ", " + task.end()})
		}
	}
	return t
}

// gcTolerance is how much the time of a forced collection may differ by chance.
const gcTolerance = 1.1

func liveGoals() []goal.Goal {
	resident := map[int]float64{64: 1.04, 16: 1.10}
	var goals []goal.Goal
	for _, size := range liveSizes {
		add := func(text, figure string, sense goal.Sense, bound float64) {
			text = grid.Bytes(size) + " live: " + text
			goals = append(goals, goal.Alone(text, liveName(size, figure), peer.Ashlar, sense, bound))
		}
		add("resident to live bytes", residentFigure, goal.AtMost, resident[size])
		add("KiB on the Go heap", heapFigure, goal.AtMost, 1024)
		add("forced collection to one with none live", gcRatioFigure, goal.AtMost, gcTolerance)
		for _, order := range freeOrders {
			add("% back on Trim, freed "+order, inFreeOrder(backFigure, order), goal.AtLeast, 100*backShare)
			add("ms until 98 % back, freed "+order, inFreeOrder(decayFigure, order), goal.AtMost, 2000)
		}
	}
	return goals
}
