// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

const suiteFamily = "suite"

func init() {
	register(80, harness.Family{
		Family: report.Family{
			Name: suiteFamily,
			About: "on request: the workloads of mimalloc-bench and of Go services (package suite): time for an operation, " +
				"and peak resident memory to peak live bytes",
			Tables: suiteTables,
		},
		Benchmarks: suiteBenchmarks,
		Task:       harness.TaskOf((*suiteTask).run),
	})
}

// suiteRepeats bounds the repeats, each of which takes some tenths of a second.
const suiteRepeats = 5

// cgoPrefix begins the names of C peers that are called from Go.
const cgoPrefix = "cgo:"

func suiteName(load *suite.Workload, goroutines int) string {
	return fmt.Sprintf("suite/%s/goroutines=%d", load.Name, goroutines)
}

// peakName is the figure of a benchmark's peak of the resident set ÷ that of the live bytes.
func peakName(benchmark string) string { return benchmark + "/peak-rss-to-live" }

func suiteBenchmarks(*harness.Options) []harness.Benchmark {
	var benchmarks []harness.Benchmark
	for _, load := range suite.All() {
		for _, goroutines := range load.Goroutines {
			benchmarks = append(benchmarks, harness.Benchmark{
				Name:      suiteName(load, goroutines),
				OnRequest: true,
				Seconds: func(o *harness.Options, natives int) float64 {
					peers := float64(len(suitePeers(load, goroutines)) + 2*natives)
					return peers * float64(min(o.Repeats, suiteRepeats)) * (0.02 + 0.4*o.Scale)
				},
				Run: func(s *harness.Session) error { return measureSuite(s, load, goroutines) },
			})
		}
	}
	return benchmarks
}

// suitePeers names the peers of this build that can do the workload. For a workload in arenas these are the
// peers with arenas, and then the others that free each object by itself.
func suitePeers(load *suite.Workload, goroutines int) []string {
	var names []string
	if load.InArenas {
		for _, kind := range peer.WithArenas() {
			names = append(names, kind.Name)
		}
	}
	for _, kind := range fittingPeers(goroutines, load.MaxLive, load.Largest) {
		// The collector does not see what objects in arenas refer to.
		if !load.InArenas || !kind.Heap && kind.MaxLive == 0 {
			names = append(names, kind.Name)
		}
	}
	return names
}

// fittingPeers are the peers that can do a workload of so many goroutines and live blocks, with blocks of up to
// so many bytes.
func fittingPeers(goroutines, live, largest int) []peer.Kind {
	var kinds []peer.Kind
	for _, kind := range peer.For(peer.Suite) {
		if kind.Fits(goroutines, live, largest) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// measureSuite runs the workload over the peers of this build, over those of another build, and in C.
func measureSuite(s *harness.Session, load *suite.Workload, goroutines int) error {
	runs := new(processes)
	task := suiteTask{Workload: load.Name, Goroutines: goroutines, Scale: s.Options.Scale}
	for _, name := range suitePeers(load, goroutines) {
		runs.add(name, suiteInGo(harness.Host{}, task, name))
	}
	if load.InArenas {
		if program := s.Program(harness.Arenas); program != "" {
			runs.add(peer.GoArena, suiteInGo(harness.Host{Program: program}, task, peer.GoArena))
		}
	}
	for _, c := range s.Native {
		if program := s.Program(harness.WithCgo); program != "" {
			runs.add(cgoName(c), suiteInGo(harness.Host{Program: program, Library: c.Library}, task, peer.Cgo))
		}
		if !load.OnlyInGo {
			runs.add(c.Name, &process{do: func() (*sample, error) { return suiteInC(c, task) }})
		}
	}
	return runs.measure(s, suiteName(load, goroutines))
}

// cgoName is the name of a C library that is called from Go.
func cgoName(c native.Peer) string { return cgoPrefix + strings.TrimPrefix(c.Name, native.Prefix) }

// suiteTables are two of times and two of memory for each group of workloads: peers in Go, and ashlar
// against those in C.
func suiteTables(d *result.Document) []report.Table {
	isWindow := func(load *suite.Workload) bool { return strings.HasPrefix(load.Name, "window") }
	groups := []struct {
		name string
		has  func(load *suite.Workload) bool
	}{
		{"Windows", isWindow},
		{"Workloads", func(load *suite.Workload) bool { return !isWindow(load) && !load.InArenas }},
		{"Arenas", func(load *suite.Workload) bool { return load.InArenas }},
	}
	sides := []struct {
		name string
		has  func(peer string) bool
	}{
		{"peers in Go", func(name string) bool { return !inC(name) }},
		{"peers in C, called from Go (cgo) and from C", func(name string) bool { return inC(name) || peer.IsOurs(name) }},
	}
	var tables []report.Table
	for _, group := range groups {
		for i, side := range sides {
			times := report.Table{
				Title:   fmt.Sprintf("%s: wall ns for an operation of all goroutines together; %s", group.name, side.name),
				Pattern: "^suite/", First: "workload, goroutines", Times: true, Peers: side.has,
			}
			if i == 0 { // once is enough
				times.About = make(map[string]string)
			}
			memory := report.Table{
				Title:   fmt.Sprintf("%s: peak resident ÷ peak live bytes; %s", group.name, side.name),
				Pattern: times.Pattern, First: times.First, Peers: side.has, Observed: []report.Line{},
			}
			for _, load := range suite.All() {
				if group.has(load) {
					addWorkload(&times, &memory, load, d.Parameters.Scale)
				}
			}
			tables = append(tables, times, memory)
		}
	}
	return tables
}

// addWorkload adds the workload's lines to the tables of times and of memory.
func addWorkload(times, memory *report.Table, load *suite.Workload, scale float64) {
	if len(load.Goroutines) > 1 {
		name := func(goroutines int) string { return suiteName(load, goroutines) }
		times.Scales = append(times.Scales, report.Scaling{Label: load.Name, Processors: processors, Goroutines: load.Goroutines, Benchmark: name})
	}
	for _, goroutines := range load.Goroutines {
		l := report.Line{Benchmark: suiteName(load, goroutines), Label: fmt.Sprintf("%s, %d", load.Name, goroutines)}
		times.Lines = append(times.Lines, l)
		if times.About != nil {
			times.About[l.Benchmark] = fmt.Sprintf("%s: for each %s; %s", l.Label, load.Operation, load.Parameters(goroutines, scale))
		}
		memory.Lines = append(memory.Lines, report.Line{Benchmark: peakName(l.Benchmark), Label: l.Label})
	}
}

// inC reports whether the peer is a C library.
func inC(peer string) bool {
	return strings.HasPrefix(peer, native.Prefix) || strings.HasPrefix(peer, cgoPrefix)
}
