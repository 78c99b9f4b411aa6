package main

import (
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// observeOne takes the metrics of one peer in a row, in real processes.
func observeOne(t *testing.T, row, peer, sample string) *metrics {
	t.Helper()
	s := newTestSession(t, "-metrics", "-d", sample)
	s.row = row
	if err := s.observe(row, subject{peer, new(timedSampler)}); err != nil {
		t.Fatal(err)
	}
	return s.metrics.find(row, peer)
}

func TestMetricsTellDesignsApart(t *testing.T) {
	if !rss.Supported || !calls.Supported {
		t.Skip(calls.ErrUnsupported)
	}
	const size = 16 << 10
	row := pairRow(size)
	naive, ours := observeOne(t, row, naiveName, "1ms"), observeOne(t, row, ashlarName, "1ms")
	heap := observeOne(t, row, makeName, defaultSample.String()) // long enough for collections on a busy machine, too

	// Each block of the naive peer is mapped, touched in 4 pages and a part of a fifth, and unmapped.
	pages := float64(size/touchStride) + 1
	if n := perThousand(naive.Calls.Memory(), naive.CallOperations); n < 2000 || n > 2300 {
		t.Errorf("naive: %v memory calls for 1000 operations, want 2000 and a few of the runtime's", n)
	}
	if n := perThousand(naive.Usage.MinorFaults, naive.Operations); n < 1000*(pages-1) || n > 1000*pages+500 {
		t.Errorf("naive: %v faults for 1000 operations, want about %v", n, 1000*pages)
	}
	if n := perThousand(ours.Calls.Memory(), ours.CallOperations); n > 100 {
		t.Errorf("ashlar: %v memory calls for 1000 operations", n)
	}
	if ours.Usage.Collections != 0 || ours.Usage.Collector != 0 {
		t.Errorf("ashlar: the collector took part: %+v", ours.Usage)
	}
	if heap.Usage.Collections == 0 {
		t.Error("make: no collections")
	}
	for _, m := range []*metrics{naive, ours, heap} {
		if m.Live != window*size || m.Peak < m.Live || m.Resident <= 0 {
			t.Errorf("%s: %d bytes live, %d resident, at most %d", m.Peer, m.Live, m.Resident, m.Peak)
		}
		if p50, ok := m.Latency.at(0.5); !ok || p50 <= 0 || m.Latency.Max < p50 || m.Latency.Clock <= 0 {
			t.Errorf("%s: latency %+v", m.Peer, m.Latency)
		}
	}
}

func TestParallelStepsAreObserved(t *testing.T) {
	if !rss.Supported {
		t.Skip(rss.ErrUnsupported)
	}
	row := parallelRow(4, 64)
	if m := observeOne(t, row, ashlarName, "1ms"); m.Live != 4*window*64 || m.Latency == nil || m.Latency.Count < 4 {
		t.Errorf("metrics %+v", m)
	}
}

func TestObserveUnknownPeer(t *testing.T) {
	task := observeTask{Row: pairRow(64), Figure: pairRow(64), Peer: "nobody"}
	if _, err := task.run(); err == nil {
		t.Error("no error for a peer that the row lacks")
	}
	task.Row = "no row"
	if _, err := task.run(); err == nil {
		t.Error("no error for a row that does not exist")
	}
}
