// SPDX-License-Identifier: Apache-2.0

package family

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// A suiteTask runs a workload over one peer in a process of its own.
type suiteTask struct {
	Workload   string  `json:"workload"`
	Peer       string  `json:"peer"`
	Goroutines int     `json:"goroutines"`
	Scale      float64 `json:"scale"`
	Timed      bool    `json:"timed"` // single calls are timed, which makes the others slower
}

// A suiteReport is what the run took.
type suiteReport struct {
	Operations   int   `json:"operations"`
	Nanoseconds  int64 `json:"ns"`
	PeakLive     int64 `json:"peak_live"`     // requested bytes
	PeakResident int64 `json:"peak_resident"` // bytes above what the process had before the first block; 0 if unknown
	result.Metrics
}

func (r *suiteReport) sample() *sample {
	return &sample{
		time:     float64(r.Nanoseconds) / float64(r.Operations),
		peakLive: r.PeakLive, peakResident: r.PeakResident,
	}
}

// suiteInGo runs in a child process: of this program or of a rebuilt one, with a library preloaded or
// not.
func suiteInGo(h harness.Host, task suiteTask, peer string) *process {
	task.Peer = peer
	child := harness.Task{Family: suiteFamily, Arguments: task}
	do := func() (*sample, error) {
		report := new(suiteReport)
		if _, err := h.Do(child, report); err != nil {
			return nil, err
		}
		return report.sample(), nil
	}
	timed := task
	timed.Timed = true
	return &process{do: do, observed: &harness.Observers{
		Host: h, Watched: harness.Task{Family: suiteFamily, Arguments: timed}, Counted: child,
	}}
}

// suiteInC runs the same workload in C.
func suiteInC(c native.Peer, task suiteTask) (*sample, error) {
	report, err := reportInC(c, task)
	if err != nil {
		return nil, err
	}
	return report.sample(), nil
}

func reportInC(c native.Peer, task suiteTask) (*suiteReport, error) {
	report := new(suiteReport)
	return report, c.Report(report, "suite", task.Workload, fmt.Sprint(task.Goroutines), fmt.Sprint(task.Scale))
}

// run is the child's part.
func (t *suiteTask) run() (*suiteReport, error) {
	load, err := suite.Named(t.Workload)
	if err != nil {
		return nil, err
	}
	kind, err := peer.Named(t.Peer)
	if err != nil {
		return nil, err
	}
	return t.runOver(load, kind)
}

// runOver runs the workload over a peer of the kind.
func (t *suiteTask) runOver(load *suite.Workload, kind peer.Kind) (*suiteReport, error) {
	onProcessors(processors)
	setup, closePeer := t.setup(load, kind)
	defer closePeer()
	var base int64
	var meter *usage.Meter
	var unknown error
	setup.Ready = func() {
		base, unknown = harness.ResidentBase()
		meter = usage.Begin()
		calls.Mark()
	}
	times := new(callTimes)
	if t.Timed && setup.Open != nil {
		setup.Open = times.around(setup.Open)
	}
	took, err := load.Run(setup)
	calls.Mark()
	if err != nil {
		return nil, err
	}
	if unknown != nil {
		return nil, unknown
	}
	report := &suiteReport{Operations: took.Operations, Nanoseconds: took.Elapsed.Nanoseconds(), PeakLive: took.PeakLive}
	if report.PeakResident, err = harness.PeakAbove(base); err != nil {
		return nil, err
	}
	report.Latency = times.latency()
	report.Usage, report.Live, report.Peak = meter.End(), report.PeakLive, report.PeakResident
	return report, nil
}

// setup opens the peer.
func (t *suiteTask) setup(load *suite.Workload, kind peer.Kind) (setup suite.Setup, closePeer func()) {
	setup = suite.Setup{Goroutines: t.Goroutines, Scale: t.Scale}
	if kind.Arenas != nil && load.InArenas {
		setup.Arena = kind.Arenas()
		return setup, func() {}
	}
	p := kind.Open()
	setup.Open = func() suite.Handle { return p.Handle() }
	return setup, p.Close
}
