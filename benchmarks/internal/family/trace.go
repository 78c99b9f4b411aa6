// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

const traceFamily = "trace"

func init() {
	register(90, harness.Family{
		Family: report.Family{
			Name: traceFamily,
			About: "on request: every operation that a program requested from ashlar, replayed with its goroutines and its order " +
				"(package trace): time for an operation, peak resident memory to peak live bytes, sizes and lifetimes, " +
				"and the size classes that would waste least",
			Tables:  traceTables,
			Surveys: traceSurveys,
		},
		Benchmarks: traceBenchmarks,
		Task:       harness.TaskOf((*traceTask).run),
		Alone:      func(o *harness.Options) bool { return len(o.TraceFiles) > 0 },
	})
}

// tracePrefix begins the names of the benchmarks.
const tracePrefix = "trace/"

func traceName(name string) string { return tracePrefix + trace.Name(name) }

// firstName is the figure of a benchmark's runs in new memory.
func firstName(benchmark string) string { return benchmark + "/first" }

// traceBenchmarks replay the traces that were asked for, or else those of package trace.
func traceBenchmarks(o *harness.Options) []harness.Benchmark {
	names := o.TraceFiles
	if len(names) == 0 {
		names = trace.Shipped()
	}
	var benchmarks []harness.Benchmark
	for _, name := range names {
		benchmarks = append(benchmarks, harness.Benchmark{
			Name:      traceName(name),
			OnRequest: true,
			Seconds: func(o *harness.Options, natives int) float64 {
				return float64((8 + natives) * min(o.Repeats, suiteRepeats))
			},
			Run: func(s *harness.Session) error { return measureTrace(s, name) },
		})
	}
	return benchmarks
}

// tracePeers names the peers of this build that can do the trace, and before them the one that does nothing.
func tracePeers(p *trace.Program) []string {
	names := []string{peer.Loop}
	for _, kind := range fittingPeers(p.Threads(), p.Counts.MaxLive, int(p.Counts.Largest)) {
		names = append(names, kind.Name)
	}
	return names
}

func measureTrace(s *harness.Session, name string) error {
	program, _, err := trace.LoadFile(name)
	if err != nil {
		return err
	}
	s.Traces = append(s.Traces, name)
	runs := new(processes)
	for _, peer := range tracePeers(program) {
		runs.add(peer, traceProcess(harness.Host{}, program, traceTask{Trace: name, Peer: peer, Runs: traceRuns}))
	}
	for _, c := range s.Native {
		if rebuilt := s.Program(harness.WithCgo); rebuilt != "" {
			host := harness.Host{Program: rebuilt, Library: c.Library}
			runs.add(cgoName(c), traceProcess(host, program, traceTask{Trace: name, Peer: peer.Cgo, Runs: traceRuns}))
		}
	}
	return runs.measure(s, traceName(name))
}

// traceTables are of the times and of the memory of the traces that were replayed.
func traceTables(d *result.Document) []report.Table {
	times := report.Table{
		Title:   "Traces: wall ns for an operation of all goroutines together",
		Pattern: "^trace/", First: "trace", Times: true, About: map[string]string{},
	}
	memory := report.Table{Title: "Traces: peak resident ÷ peak live bytes", Pattern: "^trace/", First: "trace"}
	for _, benchmark := range replayed(d) {
		name := strings.TrimPrefix(benchmark, tracePrefix)
		times.Lines = append(times.Lines,
			report.Line{Benchmark: benchmark, Label: name},
			report.Line{Benchmark: firstName(benchmark), Label: name + ", in new memory"})
		memory.Lines = append(memory.Lines, report.Line{Benchmark: peakName(benchmark), Label: name})
	}
	for _, name := range d.Traces {
		if program, _, err := trace.LoadFile(name); err == nil {
			times.About[traceName(name)] = aboutTrace(name, program)
		}
	}
	return []report.Table{times, memory}
}

// replayed names the benchmarks of traces that there are figures of.
func replayed(d *result.Document) []string {
	var benchmarks []string
	for _, found := range d.Results {
		name, ok := strings.CutPrefix(found.Benchmark, tracePrefix)
		if ok && !strings.Contains(name, "/") && !slices.Contains(benchmarks, found.Benchmark) {
			benchmarks = append(benchmarks, found.Benchmark)
		}
	}
	return benchmarks
}

// aboutTrace describes the trace in a line.
func aboutTrace(name string, program *trace.Program) string {
	c := &program.Counts
	about := fmt.Sprintf("%s: operations %d, goroutines %d, objects %d, at most %s live",
		trace.Name(name), program.Steps(), program.Threads(), program.Objects, grid.Memory(float64(c.PeakLive)))
	if c.Dropped > 0 || c.Unknown > 0 {
		about += fmt.Sprintf("; %d operations were dropped, %d of objects from before it left out", c.Dropped, c.Unknown)
	}
	return about
}
