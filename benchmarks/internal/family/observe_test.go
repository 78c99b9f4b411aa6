// SPDX-License-Identifier: Apache-2.0

package family

import (
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// observeOne takes the metrics of one peer in a benchmark, in real processes.
func observeOne(t *testing.T, benchmark, peer, sample string) *result.Metrics {
	t.Helper()
	s := newTestSession(t, "-metrics", "-d", sample)
	c := harness.Contender{Peer: peer, Sampler: new(harness.Timed)}
	if err := s.Begin(benchmark).Observe(benchmark, c); err != nil {
		t.Fatal(err)
	}
	return s.Metrics.Find(benchmark, peer)
}

func TestMetricsTellDesignsApart(t *testing.T) {
	if !rss.Supported || !calls.Supported {
		t.Skip(calls.ErrUnsupported)
	}
	const size = 16 << 10
	name := pairName(size)
	// Long enough for collections, and for faults beside which those of the Go runtime are few, on a busy machine, too.
	sample := harness.Defaults().Sample.String()
	naive, ours, heap := observeOne(t, name, peer.Naive, sample), observeOne(t, name, peer.Ashlar, sample), observeOne(t, name, peer.Make, sample)

	// Each block of the naive peer is mapped, touched in 4 pages and a part of a fifth, and unmapped.
	pages := float64(size/peer.TouchStride) + 1
	if n := result.PerThousand(naive.Calls.Memory(), naive.CallOperations); n < 2000 || n > 2300 {
		t.Errorf("naive: %v memory calls for 1000 operations, want 2000 and a few of the runtime's", n)
	}
	if n := result.PerThousand(naive.Usage.MinorFaults, naive.Operations); n < 1000*(pages-1) || n > 1000*pages+500 {
		t.Errorf("naive: %v faults for 1000 operations, want about %v", n, 1000*pages)
	}
	if n := result.PerThousand(ours.Calls.Memory(), ours.CallOperations); n > 100 {
		t.Errorf("ashlar: %v memory calls for 1000 operations", n)
	}
	if ours.Usage.Collections != 0 || ours.Usage.Collector != 0 {
		t.Errorf("ashlar: the collector took part: %+v", ours.Usage)
	}
	if heap.Usage.Collections == 0 {
		t.Error("make: no collections")
	}
	for _, m := range []*result.Metrics{naive, ours, heap} {
		if m.Live != peer.Window*size || m.Peak < m.Live || m.Resident <= 0 {
			t.Errorf("%s: %d bytes live, %d resident, at most %d", m.Peer, m.Live, m.Resident, m.Peak)
		}
		if p50, ok := m.Latency.At(0.5); !ok || p50 <= 0 || m.Latency.Max < p50 || m.Latency.Clock <= 0 {
			t.Errorf("%s: latency %+v", m.Peer, m.Latency)
		}
	}
}

func TestParallelStepsAreObserved(t *testing.T) {
	if !rss.Supported {
		t.Skip(rss.ErrUnsupported)
	}
	name := parallelName(4, 64)
	if m := observeOne(t, name, peer.Ashlar, "1ms"); m.Live != 4*peer.Window*64 || m.Latency == nil || m.Latency.Count < 4 {
		t.Errorf("metrics %+v", m)
	}
}

func TestObserveUnknownPeer(t *testing.T) {
	for _, name := range []string{pairName(64), "no benchmark"} {
		s := newTestSession(t, "-metrics")
		c := harness.Contender{Peer: "nobody", Sampler: new(harness.Timed)}
		if err := s.Begin(name).Observe(name, c); err == nil {
			t.Errorf("%s: no error for a peer that it lacks", name)
		}
	}
}
