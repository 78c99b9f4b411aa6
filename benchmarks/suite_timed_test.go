package main

import (
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

func TestPlaysAreObserved(t *testing.T) {
	if !rss.Supported {
		t.Skip(rss.ErrUnsupported)
	}
	s := newTestSession(t, "-metrics")
	task := suiteTask{Workload: "queue", Goroutines: 2, Scale: 0.01}
	if err := s.observe("queue", subject{naiveName, playGo(host{}, task, naiveName)}); err != nil {
		t.Fatal(err)
	}
	m := s.metrics.find("queue", naiveName)
	if m.Operations < 1 || m.Usage.MinorFaults < 1 || m.Live < 1 || m.Peak < 1 {
		t.Errorf("metrics %+v", m)
	}
	if m.Latency == nil || m.Latency.Count < int64(m.Operations/latencyEvery) {
		t.Errorf("latency %+v of %d operations", m.Latency, m.Operations)
	}
	if calls.Supported && (m.CallOperations != m.Operations || m.Calls.Memory() < int64(m.CallOperations)) {
		t.Errorf("%d operations were watched and %d traced with %v", m.Operations, m.CallOperations, m.Calls)
	}
}
