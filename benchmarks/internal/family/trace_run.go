// SPDX-License-Identifier: Apache-2.0

package family

import (
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// traceRuns is how often a process replays a trace after the first time, if that does not take too long. The
// sample is the median of these runs.
const traceRuns = 9

// A traceTask replays a trace over one peer in a process of its own.
type traceTask struct {
	Trace string `json:"trace"` // a shipped one's name, or a file
	Peer  string `json:"peer"`
	Runs  int    `json:"runs"` // after the first, at most
}

// tracePatience is the time after which a process starts no more runs.
const tracePatience = time.Second

// A traceReport is what the runs took.
type traceReport struct {
	First        int64   `json:"first"`         // ns of the first run, in memory that is new
	Runs         []int64 `json:"runs"`          // ns of the others
	PeakResident int64   `json:"peak_resident"` // bytes above what the process had before the first block; 0 if unknown
}

// traceProcess replays in a child process.
func traceProcess(h harness.Host, program *trace.Program, task traceTask) *process {
	return &process{do: func() (*sample, error) {
		report := new(traceReport)
		if _, err := h.Do(harness.Task{Family: traceFamily, Arguments: task}, report); err != nil {
			return nil, err
		}
		steps := float64(max(program.Steps(), 1))
		var runs []float64
		for _, ns := range report.Runs {
			runs = append(runs, float64(ns)/steps)
		}
		return &sample{
			time: stat.Median(runs), first: float64(report.First) / steps,
			peakLive: program.Counts.PeakLive, peakResident: report.PeakResident,
		}, nil
	}}
}

// run is the child's part.
func (t *traceTask) run() (*traceReport, error) {
	onProcessors(processors)
	program, _, err := trace.LoadFile(t.Trace)
	if err != nil {
		return nil, err
	}
	replay := trace.NewReplay(program)
	if t.Peer == peer.Loop {
		return t.idle(replay), nil
	}
	kind, err := peer.Named(t.Peer)
	if err != nil {
		return nil, err
	}
	p := kind.Open()
	defer p.Close()
	open := func() suite.Handle { return p.Handle() }
	base, err := harness.ResidentBase()
	if err != nil {
		return nil, err
	}
	first, err := replay.Run(open)
	if err != nil {
		return nil, err
	}
	report := &traceReport{First: first.Nanoseconds()}
	if report.PeakResident, err = harness.PeakAbove(base); err != nil {
		return nil, err
	}
	for begin := time.Now(); len(report.Runs) == 0 || len(report.Runs) < t.Runs && time.Since(begin) < tracePatience; {
		elapsed, err := replay.Run(open)
		if err != nil {
			return nil, err
		}
		report.Runs = append(report.Runs, elapsed.Nanoseconds())
	}
	return report, nil
}

// idle reports what replaying costs without a peer.
func (t *traceTask) idle(replay *trace.Replay) *traceReport {
	report := &traceReport{First: replay.Idle().Nanoseconds()}
	for range t.Runs {
		report.Runs = append(report.Runs, replay.Idle().Nanoseconds())
	}
	return report
}
