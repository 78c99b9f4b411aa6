// SPDX-License-Identifier: Apache-2.0

package family

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// tinyScale makes each run take moments.
const tinyScale = 0.002

func TestEveryPeerRunsItsWorkloads(t *testing.T) {
	for _, load := range suite.All() {
		goroutines := load.Goroutines[min(1, len(load.Goroutines)-1)]
		for _, name := range suitePeers(load, goroutines) {
			t.Run(load.Name+"/"+name, func(t *testing.T) {
				kind, err := peer.Named(name)
				if err != nil {
					t.Fatal(err)
				}
				task := suiteTask{Workload: load.Name, Peer: name, Goroutines: goroutines, Scale: tinyScale}
				setup, closePeer := task.setup(load, kind)
				defer closePeer()
				result, err := load.Run(setup)
				if err != nil {
					t.Fatal(err)
				}
				if result.Operations < 1 {
					t.Error("no operations were counted")
				}
			})
		}
	}
}

func TestSuitePeers(t *testing.T) {
	tests := []struct {
		workload   string
		goroutines int
		has, lacks []string
	}{
		{"larson", 1, []string{peer.Ashlar, peer.AshlarLocal, peer.Modernc, peer.Make, peer.Pools}, []string{peer.ModerncMutex, peer.Naive, peer.Chunks}},
		{"larson", 2, []string{peer.ModerncMutex}, []string{peer.Modernc}},
		{"queue", 2, []string{peer.Chunks, peer.Naive}, nil},
		{"malloc-large", 1, []string{peer.Naive}, []string{peer.Chunks}},
		{"documents", 1, []string{peer.AshlarArena, peer.Nuke, peer.Make, peer.Ashlar, peer.Chunks}, []string{peer.Pools, peer.Naive}},
	}
	for _, test := range tests {
		load, err := suite.Named(test.workload)
		if err != nil {
			t.Fatal(err)
		}
		names := suitePeers(load, test.goroutines)
		for _, name := range test.has {
			if !slices.Contains(names, name) {
				t.Errorf("%s by %d lacks %s: %v", test.workload, test.goroutines, name, names)
			}
		}
		for _, name := range test.lacks {
			if slices.Contains(names, name) {
				t.Errorf("%s by %d has %s: %v", test.workload, test.goroutines, name, names)
			}
		}
		if sorted := slices.Sorted(slices.Values(names)); len(slices.Compact(sorted)) != len(names) {
			t.Errorf("%s by %d has a peer twice: %v", test.workload, test.goroutines, names)
		}
	}
}

// TestSuiteIsShown measures some benchmarks as the program does, each run in a process of
// its own.
func TestSuiteIsShown(t *testing.T) {
	s := newTestSession(t, "-scale", "0.01", "-run", "^suite/(larson|window=64/size=64|malloc-large)/goroutines=1$")
	out := measured(t, s)
	wanted := []string{"Workloads: wall ns", "Windows: wall ns", "larson, 1", "5000 slots a goroutine", "sync.Pools"}
	if rss.Supported {
		wanted = append(wanted, "peak resident")
	}
	for _, want := range wanted {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	for _, r := range s.Results.List {
		if len(r.Samples) == 0 {
			t.Errorf("%s of %s has no samples", r.Benchmark, r.Peer)
		}
	}
}

func TestAFailedRunIsAnError(t *testing.T) {
	for _, task := range []suiteTask{
		{Workload: "no such", Peer: peer.Ashlar, Goroutines: 1, Scale: tinyScale},
		{Workload: "larson", Peer: "no such", Goroutines: 1, Scale: tinyScale},
	} {
		if _, err := suiteInGo(harness.Host{}, task, task.Peer).do(); err == nil {
			t.Errorf("no error for %+v", task)
		}
	}
}

// TestSuiteInC: the C programs do the same operations.
func TestSuiteInC(t *testing.T) {
	found, err := native.Find(nil)
	defer found.Remove()
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Peers) == 0 {
		t.Skip(found.Missing)
	}
	libc := found.Peers[0]
	for _, load := range suite.All() {
		if load.OnlyInGo {
			continue
		}
		for _, goroutines := range load.Goroutines[:min(2, len(load.Goroutines))] {
			task := suiteTask{Workload: load.Name, Peer: peer.Modernc, Goroutines: goroutines, Scale: tinyScale}
			if goroutines > 1 {
				task.Peer = peer.ModerncMutex
			}
			expectSame(t, libc, task)
		}
	}
	if _, err := suiteInC(libc, suiteTask{Workload: "no such", Goroutines: 1, Scale: tinyScale}); err == nil {
		t.Error("no error for an unknown workload")
	}
}

func expectSame(t *testing.T, c native.Peer, task suiteTask) {
	t.Helper()
	ours, err := task.run()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := reportInC(c, task)
	if err != nil {
		t.Fatal(err)
	}
	if ours.Operations != theirs.Operations {
		t.Errorf("%s by %d: %d operations in Go and %d in C", task.Workload, task.Goroutines, ours.Operations, theirs.Operations)
	}
	if task.Goroutines == 1 && ours.PeakLive != theirs.PeakLive {
		t.Errorf("%s: %d bytes live at most in Go and %d in C", task.Workload, ours.PeakLive, theirs.PeakLive)
	}
}

// A brokenHandle returns every block twice.
type brokenHandle struct {
	peer.Handle
	given map[int]unsafe.Pointer
}

func (h *brokenHandle) Malloc(size int) unsafe.Pointer {
	if block := h.given[size]; block != nil {
		delete(h.given, size)
		return block
	}
	h.given[size] = h.Handle.Malloc(size)
	return h.given[size]
}

func (h *brokenHandle) Release(unsafe.Pointer, int) {}

type brokenPeer struct{ peer.Peer }

func (p brokenPeer) Handle() peer.Handle {
	return &brokenHandle{p.Peer.Handle(), make(map[int]unsafe.Pointer)}
}

func TestACorruptedBlockIsAnError(t *testing.T) {
	kind, err := peer.Named(peer.Make)
	if err != nil {
		t.Fatal(err)
	}
	open := kind.Open
	kind.Open = func() peer.Peer { return brokenPeer{open()} }
	load, err := suite.Named("glibc-simple")
	if err != nil {
		t.Fatal(err)
	}
	task := suiteTask{Workload: load.Name, Goroutines: 1, Scale: tinyScale}
	report, err := task.runOver(load, kind)
	var found *suite.Corruption
	if !errors.As(err, &found) || report != nil {
		t.Errorf("figures %+v and error %v, want a *suite.Corruption and none", report, err)
	}
}

func TestRunsOfTheSuiteAreObserved(t *testing.T) {
	if !rss.Supported {
		t.Skip(rss.ErrUnsupported)
	}
	s := newTestSession(t, "-metrics")
	task := suiteTask{Workload: "queue", Goroutines: 2, Scale: 0.01}
	if err := s.Observe("queue", harness.Contender{Peer: peer.Naive, Sampler: suiteInGo(harness.Host{}, task, peer.Naive)}); err != nil {
		t.Fatal(err)
	}
	m := s.Metrics.Find("queue", peer.Naive)
	if m.Operations < 1 || m.Usage.MinorFaults < 1 || m.Live < 1 || m.Peak < 1 {
		t.Errorf("metrics %+v", m)
	}
	if m.Latency == nil || m.Latency.Count < int64(m.Operations/harness.LatencyEvery) {
		t.Errorf("latency %+v of %d operations", m.Latency, m.Operations)
	}
	if calls.Supported && (m.CallOperations != m.Operations || m.Calls.Memory() < int64(m.CallOperations)) {
		t.Errorf("%d operations were watched and %d counted with %v", m.Operations, m.CallOperations, m.Calls)
	}
}
