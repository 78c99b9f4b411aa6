package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// A suiteTask plays a workload over one peer in a process of its own.
type suiteTask struct {
	Workload   string  `json:"workload"`
	Peer       string  `json:"peer"` // a peer or a region
	Goroutines int     `json:"goroutines"`
	Scale      float64 `json:"scale"`
	Timed      bool    `json:"timed"` // single calls are timed, which costs the others
}

// A suiteReport is what the play took.
type suiteReport struct {
	Operations   int   `json:"operations"`
	Nanoseconds  int64 `json:"ns"`
	PeakLive     int64 `json:"peak_live"`     // bytes asked for
	PeakResident int64 `json:"peak_resident"` // bytes beyond what the process had before the first block; 0 where unknown
	metrics
}

func (t *suiteTask) run() (*suiteReport, error) {
	runtime.GOMAXPROCS(min(parallelProcs, runtime.NumCPU()))
	w, err := suite.Named(t.Workload)
	if err != nil {
		return nil, err
	}
	setup, closePeer, err := t.setup(w)
	if err != nil {
		return nil, err
	}
	defer closePeer()
	var base int64
	var meter *usage.Meter
	setup.Ready = func() {
		base, err = residentBase()
		meter = usage.Begin()
		calls.Mark()
	}
	times := new(callTimes)
	if t.Timed && setup.Open != nil {
		setup.Open = times.around(setup.Open)
	}
	result, failed := w.Play(setup)
	calls.Mark()
	if failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	report := &suiteReport{Operations: result.Operations, Nanoseconds: result.Elapsed.Nanoseconds(), PeakLive: result.PeakLive}
	if rss.Supported {
		peak, err := rss.Peak()
		if err != nil {
			return nil, err
		}
		report.PeakResident = max(peak-base, 0)
	}
	report.Latency = times.latency()
	report.Usage, report.Live, report.Peak = meter.End(), report.PeakLive, report.PeakResident
	return report, nil
}

// setup opens the peer.
func (t *suiteTask) setup(w *suite.Workload) (suite.Setup, func(), error) {
	setup := suite.Setup{Goroutines: t.Goroutines, Scale: t.Scale}
	if region, ok := findRegion(t.Peer); ok && w.InRegions {
		setup.Region = region.open()
		return setup, func() {}, nil
	}
	kind, ok := findKind(t.Peer)
	if !ok {
		return setup, nil, fmt.Errorf("no peer named %q in this build", t.Peer)
	}
	p := kind.open()
	setup.Open = func() suite.Worker { return p.worker() }
	return setup, p.close, nil
}

// residentBase is the resident set when all but the blocks is there; the peak begins anew.
func residentBase() (int64, error) {
	if !rss.Supported {
		return 0, nil
	}
	debug.FreeOSMemory()
	if err := rss.ResetPeak(); err != nil {
		return 0, err
	}
	return rss.Current()
}
