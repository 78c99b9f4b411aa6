// SPDX-License-Identifier: Apache-2.0

package family

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// recordFile records a small load with two goroutines and returns the file of the trace.
func recordFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "little.trace")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a, err := alloc.NewAllocator(alloc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Trace().Start(file, alloc.TraceOptions{}); err != nil {
		t.Fatal(err)
	}
	given := make(chan []int64)
	go func() {
		defer close(given)
		for i := range 300 {
			given <- slice(a, 1+i)
		}
		given <- slice(a, 1<<20)
	}()
	for s := range given {
		alloc.FreeSlice(a, s)
	}
	if err := a.Trace().Stop(); err != nil {
		t.Fatal(err)
	}
	return name
}

func slice(a *alloc.Allocator, n int) []int64 {
	s, err := alloc.MakeSlice[int64](a, n, n)
	if err != nil {
		panic(err)
	}
	return s
}

// TestTraceIsReplayed replays a trace as the program does, each peer in a process of its
// own, and shows the trace's properties.
func TestTraceIsReplayed(t *testing.T) {
	s := newTestSession(t, "-trace", recordFile(t), "-classes", "5")
	out := measured(t, s)
	for _, want := range []string{"Traces: wall ns", "little, in new memory", "operations 602, goroutines 2, objects 301",
		"little: requested sizes", "little: lifetimes in operations", "ashlar's, 88", "little: the 5 size classes", peer.AshlarLocal, peer.ModerncMutex} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	for _, r := range s.Results.List {
		if len(r.Samples) == 0 || slices.Min(r.Samples) <= 0 && r.Unit == result.Nanoseconds {
			t.Errorf("%s of %s: %v", r.Benchmark, r.Peer, r.Samples)
		}
	}
}

// TestEveryPeerReplaysTraces: the peers that support a trace replay it.
func TestEveryPeerReplaysTraces(t *testing.T) {
	program, _, err := trace.LoadFile(recordFile(t))
	if err != nil {
		t.Fatal(err)
	}
	names := tracePeers(program)
	if slices.Contains(names, peer.Modernc) || slices.Contains(names, peer.Chunks) || !slices.Contains(names, peer.Pools) {
		t.Errorf("peers of a trace with two goroutines and a large object: %v", names)
	}
	replay := trace.NewReplay(program)
	for _, name := range names[1:] { // the first allocates nothing
		kind, err := peer.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		p := kind.Open()
		if _, err := replay.Run(func() suite.Handle { return p.Handle() }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p.Close()
	}
}

func TestTraceErrors(t *testing.T) {
	cut := filepath.Join(t.TempDir(), "cut.trace")
	whole, err := os.ReadFile(recordFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"no such file": "no such file", cut: "cut off", os.Args[0]: "not a trace"} {
		if _, _, err := trace.LoadFile(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := (&traceTask{Trace: "sqlite", Peer: "no such"}).run(); err == nil {
		t.Error("no error for a peer that does not exist")
	}
}

// TestTracesComeBack: tables about traces can be printed again from the document.
func TestTracesComeBack(t *testing.T) {
	name := recordFile(t)
	s := newTestSession(t, "-trace", name, "-classes", "5")
	s.Traces = []string{name}
	s.Results.Add(traceName(name), peer.Ashlar, result.Nanoseconds, 1, 2, 3)
	s.Results.Add(traceName(name), peer.Make, result.Nanoseconds, 4, 5, 6)
	r := &report.Report{Document: s.Document(), Families: harness.Reports(All())}
	var out, page strings.Builder
	if err := errors.Join(r.Print(&out), r.Page().Write(&page)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "the 5 size classes") || !strings.Contains(page.String(), "little: requested sizes") {
		t.Errorf("the objects of the trace are missing from\n%s", &out)
	}
	r.Document.Traces[0] += ".gone"
	out.Reset()
	if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "not measured: the tables of the trace") {
		t.Errorf("%v, and no message says that a trace is missing:\n%s", err, &out)
	}
}
