package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// tinyScale makes plays of moments.
const tinyScale = 0.002

func TestEveryPeerPlaysItsWorkloads(t *testing.T) {
	for _, w := range suite.All() {
		goroutines := w.Goroutines[min(1, len(w.Goroutines)-1)]
		for _, name := range suitePeers(w, goroutines) {
			t.Run(w.Name+"/"+name, func(t *testing.T) {
				task := suiteTask{Workload: w.Name, Peer: name, Goroutines: goroutines, Scale: tinyScale}
				setup, closePeer, err := task.setup(w)
				if err != nil {
					t.Fatal(err)
				}
				defer closePeer()
				result, err := w.Play(setup)
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
		{"larson", 1, []string{ashlarName, ashlarLocalName, moderncName, makeName, poolsName}, []string{lockedName, naiveName, chunksName}},
		{"larson", 2, []string{lockedName}, []string{moderncName}},
		{"queue", 2, []string{chunksName, naiveName}, nil},
		{"malloc-large", 1, []string{naiveName}, []string{chunksName}},
		{"documents", 1, []string{arenaName, nukeName, makeName, ashlarName, chunksName}, []string{poolsName, naiveName}},
	}
	for _, test := range tests {
		w, err := suite.Named(test.workload)
		if err != nil {
			t.Fatal(err)
		}
		names := suitePeers(w, test.goroutines)
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

// TestSuiteRowsAreShown measures a few rows as the program does, each play in a process of its own.
func TestSuiteRowsAreShown(t *testing.T) {
	s := newTestSession(t, "-scale", "0.01", "-run", "^suite/(larson|window=64/size=64|malloc-large)/goroutines=1$")
	chosen := chosenRows(s.options)
	if len(chosen) != 3 {
		t.Fatalf("%d rows were chosen", len(chosen))
	}
	if err := s.measureAll(chosen); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.publish(&out); err != nil {
		t.Fatal(err)
	}
	wanted := []string{"Workloads: wall ns", "Windows: wall ns", "larson, 1", "5000 slots a goroutine", "sync.Pools"}
	if rss.Supported {
		wanted = append(wanted, "peak resident")
	}
	for _, want := range wanted {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing from\n%s", want, out.String())
		}
	}
	for _, r := range s.results.list {
		if len(r.Samples) == 0 {
			t.Errorf("%s of %s has no samples", r.Row, r.Peer)
		}
	}
}

func TestAFailedPlayIsAnError(t *testing.T) {
	for _, task := range []suiteTask{
		{Workload: "no such", Peer: ashlarName, Goroutines: 1, Scale: tinyScale},
		{Workload: "larson", Peer: "no such", Goroutines: 1, Scale: tinyScale},
	} {
		if _, err := playGo(host{}, task, task.Peer).play(); err == nil {
			t.Errorf("no error for %+v", task)
		}
	}
}

// testNativeWorkloads expects the C programs to do the same operations.
func testNativeWorkloads(t *testing.T, peer nativePeer) {
	t.Helper()
	for _, w := range suite.All() {
		if onlyInGo[w.Name] {
			continue
		}
		for _, goroutines := range w.Goroutines[:min(2, len(w.Goroutines))] {
			task := suiteTask{Workload: w.Name, Peer: moderncName, Goroutines: goroutines, Scale: tinyScale}
			if goroutines > 1 {
				task.Peer = lockedName
			}
			ours, err := task.run()
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := peer.play(task)
			if err != nil {
				t.Fatal(err)
			}
			if ours.Operations != theirs.Operations {
				t.Errorf("%s by %d: %d operations in Go and %d in C", w.Name, goroutines, ours.Operations, theirs.Operations)
			}
			if goroutines == 1 && ours.PeakLive != theirs.PeakLive {
				t.Errorf("%s: %d bytes live at most in Go and %d in C", w.Name, ours.PeakLive, theirs.PeakLive)
			}
		}
	}
	if _, err := peer.play(suiteTask{Workload: "no such", Goroutines: 1, Scale: tinyScale}); err == nil {
		t.Error("no error for an unknown workload")
	}
}

// A brokenWorker gives out every block twice.
type brokenWorker struct {
	worker
	given map[int]unsafe.Pointer
}

func (w *brokenWorker) Malloc(size int) unsafe.Pointer {
	if block := w.given[size]; block != nil {
		delete(w.given, size)
		return block
	}
	w.given[size] = w.worker.Malloc(size)
	return w.given[size]
}

func (w *brokenWorker) Release(unsafe.Pointer, int) {}

type brokenPeer struct{ peer }

func (p brokenPeer) worker() worker {
	return &brokenWorker{p.peer.worker(), make(map[int]unsafe.Pointer)}
}

func TestACorruptedBlockIsAnError(t *testing.T) {
	before := cgoKinds
	defer func() { cgoKinds = before }()
	cgoKinds = append(cgoKinds, peerKind{name: "broken", open: func() peer { return brokenPeer{openMake()} }})
	task := suiteTask{Workload: "glibc-simple", Peer: "broken", Goroutines: 1, Scale: tinyScale}
	report, err := task.run()
	var found *suite.Corruption
	if !errors.As(err, &found) || report != nil {
		t.Errorf("figures %+v and error %v, want a *suite.Corruption and none", report, err)
	}
}
