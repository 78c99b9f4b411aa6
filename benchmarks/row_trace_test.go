package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// recordFile records a little load with two goroutines and returns the trace's file.
func recordFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "little.trace")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a := newAllocator()
	defer closeAllocator(a)
	if err := a.StartTrace(file, alloc.TraceOptions{}); err != nil {
		t.Fatal(err)
	}
	handed := make(chan []int64)
	go func() {
		defer close(handed)
		for i := range 300 {
			handed <- orPanic(alloc.MakeSlice[int64](a, 1+i, 1+i))
		}
		handed <- orPanic(alloc.MakeSlice[int64](a, 1<<20, 1<<20))
	}()
	for s := range handed {
		alloc.FreeSlice(a, s)
	}
	if err := a.StopTrace(); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestTraceIsReplayed replays a trace as the program does, each peer in a process of its own, and
// shows what it was like.
func TestTraceIsReplayed(t *testing.T) {
	s := newTestSession(t, "-trace", recordFile(t), "-classes", "5")
	if err := s.measureAll(chosenRows(s.options)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.publish(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Traces: wall ns", "little, in new memory", "operations 602, goroutines 2, objects 301",
		"little: sizes asked for", "little: lifetimes in operations", "ashlar's, 88", "little: the 5 size classes", ashlarLocalName, lockedName} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing from\n%s", want, out.String())
		}
	}
	for _, r := range s.results.list {
		if len(r.Samples) == 0 || slices.Min(r.Samples) <= 0 && r.Unit == nanoseconds {
			t.Errorf("%s of %s: %v", r.Row, r.Peer, r.Samples)
		}
	}
}

// TestEveryPeerPlaysTraces: those that a trace is fit for play it.
func TestEveryPeerPlaysTraces(t *testing.T) {
	program, _, err := trace.LoadFile(recordFile(t))
	if err != nil {
		t.Fatal(err)
	}
	names := tracePeers(program)
	if slices.Contains(names, moderncName) || slices.Contains(names, chunksName) || !slices.Contains(names, poolsName) {
		t.Errorf("peers of a trace with two goroutines and a large object: %v", names)
	}
	player := trace.NewPlayer(program)
	for _, name := range names[1:] { // the first allocates nothing
		p := kindNamed(name).open()
		if _, err := player.Play(func() suite.Worker { return p.worker() }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p.close()
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
	for name, want := range map[string]string{"no such file": "no such file", cut: "cut off", os.Args[0]: "no trace"} {
		if _, _, err := trace.LoadFile(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := (&traceTask{Trace: "sqlite", Peer: "no such"}).run(); err == nil {
		t.Error("no error for a peer that does not exist")
	}
	if _, err := parseOptions([]string{"-classes", "0"}); err == nil {
		t.Error("no error for no classes")
	}
}
