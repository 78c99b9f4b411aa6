package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// A traceTask replays a trace over one peer in a process of its own.
type traceTask struct {
	Trace string `json:"trace"` // a shipped one's name, or a file
	Peer  string `json:"peer"`
	Plays int    `json:"plays"` // after the first, at most
}

// tracePatience is the time after which a process plays no more.
const tracePatience = time.Second

// A traceReport is what the plays took.
type traceReport struct {
	First        int64   `json:"first"`         // ns of the first play, in memory that is new
	Plays        []int64 `json:"plays"`         // ns of the others
	PeakResident int64   `json:"peak_resident"` // bytes beyond what the process had before the first block; 0 where unknown
}

func (t *traceTask) run() (*traceReport, error) {
	runtime.GOMAXPROCS(min(parallelProcs, runtime.NumCPU()))
	program, _, err := trace.LoadFile(t.Trace)
	if err != nil {
		return nil, err
	}
	player := trace.NewPlayer(program)
	if t.Peer == loopName {
		return t.idle(player), nil
	}
	kind, ok := findKind(t.Peer)
	if !ok {
		return nil, fmt.Errorf("no peer named %q in this build", t.Peer)
	}
	p := kind.open()
	defer p.close()
	open := func() suite.Worker { return p.worker() }
	base, err := residentBase()
	if err != nil {
		return nil, err
	}
	first, err := player.Play(open)
	if err != nil {
		return nil, err
	}
	report := &traceReport{First: first.Nanoseconds()}
	if rss.Supported {
		peak, err := rss.Peak()
		if err != nil {
			return nil, err
		}
		report.PeakResident = max(peak-base, 0)
	}
	for begin := time.Now(); len(report.Plays) == 0 || len(report.Plays) < t.Plays && time.Since(begin) < tracePatience; {
		elapsed, err := player.Play(open)
		if err != nil {
			return nil, err
		}
		report.Plays = append(report.Plays, elapsed.Nanoseconds())
	}
	return report, nil
}

// idle reports what replaying costs without a peer.
func (t *traceTask) idle(player *trace.Player) *traceReport {
	report := &traceReport{First: player.Idle().Nanoseconds()}
	for range t.Plays {
		report.Plays = append(report.Plays, player.Idle().Nanoseconds())
	}
	return report
}
