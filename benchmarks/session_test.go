package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// TestMain lets the test binary be the child process of the memory rows.
func TestMain(m *testing.M) {
	if task := os.Getenv(childVariable); task != "" {
		if err := runChild(task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// newTestSession makes a session that takes moments: its figures mean nothing.
func newTestSession(t *testing.T, flags ...string) *session {
	t.Helper()
	quick := []string{"-d", "20us", "-repeats", "2", "-live-blocks", "20000", "-live-mib", "2", "-decay-wait", "1ms", "-grow-mib", "4"}
	o, err := parseOptions(append(quick, flags...))
	if err != nil {
		t.Fatal(err)
	}
	return newSession(o)
}

func TestEveryBarIsMeasured(t *testing.T) {
	if !rss.Supported {
		t.Skip(rss.ErrUnsupported)
	}
	file := filepath.Join(t.TempDir(), "samples.json")
	s := newTestSession(t, "-json", file)
	if err := s.measureAll(rows()); err != nil {
		t.Fatal(err)
	}
	for _, v := range s.verdicts() {
		if v.Value == nil && !strings.Contains(v.Text, "mimalloc") {
			t.Errorf("a complete run has no figure for the bar %q", v.Text)
		}
	}
	var out bytes.Buffer
	if err := s.publish(&out); err != nil {
		t.Fatal(err)
	}
	expectComplete(t, s, out.String(), file)
}

// expectComplete checks that no result is missing from the tables or from the file.
func expectComplete(t *testing.T, s *session, printed, file string) {
	t.Helper()
	shown := make(map[string]bool)
	for _, section := range append(timeSections(s.options), otherSections(s.options)...) {
		for _, name := range section.rowNames() {
			shown[name] = true
		}
		if !strings.Contains(printed, section.title) {
			t.Errorf("no table %q was printed", section.title)
		}
	}
	for _, r := range s.results.list {
		if !shown[r.Row] {
			t.Errorf("no table shows the row %s", r.Row)
		}
	}
	d, err := readDocument(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Results) != len(s.results.list) || len(d.Metrics) != len(s.metrics) {
		t.Errorf("the file has %d results and %d metrics, want %d and %d", len(d.Results), len(d.Metrics), len(s.results.list), len(s.metrics))
	}
}

// A scriptedSampler gives prepared samples and writes down when it was asked.
type scriptedSampler struct {
	name   string
	value  float64
	log    *[]string
	closed bool
}

func (s *scriptedSampler) prepare(time.Duration) error { return nil }
func (s *scriptedSampler) close()                      { s.closed = true }

func (s *scriptedSampler) sample() (float64, error) {
	*s.log = append(*s.log, s.name)
	s.value++
	return s.value, nil
}

func TestMeasureInterleavesPeers(t *testing.T) {
	s := newTestSession(t)
	var log []string
	var subjects []subject
	var samplers []*scriptedSampler
	for i, name := range []string{"a", "b", "c"} {
		sampler := &scriptedSampler{name: name, value: float64(10 * i), log: &log}
		samplers = append(samplers, sampler)
		subjects = append(subjects, subject{name, sampler})
	}
	const repeats = 8
	if err := s.measure("row", nanoseconds, repeats, subjects); err != nil {
		t.Fatal(err)
	}
	orders := make(map[string]bool)
	for round := range slices.Chunk(log, len(subjects)) {
		orders[strings.Join(round, "")] = true
		if sorted := slices.Sorted(slices.Values(round)); strings.Join(sorted, "") != "abc" {
			t.Errorf("round %v lacks a peer", round)
		}
	}
	if len(orders) < 2 {
		t.Errorf("all rounds had the order %v", orders)
	}
	for i, sampler := range samplers {
		if !sampler.closed {
			t.Errorf("sampler %s was not closed", sampler.name)
		}
		found := s.results.find("row", sampler.name)
		if len(found.Samples) != repeats || found.Samples[0] != float64(10*i+1) {
			t.Errorf("samples of %s are %v", sampler.name, found.Samples)
		}
	}
}

func TestSelectedRows(t *testing.T) {
	s := newTestSession(t, "-run", "^pair/size=(64|1024)$")
	chosen := selected(rows(), s.options.run)
	if len(chosen) != 2 || chosen[0].name != pairRow(64) || chosen[1].name != pairRow(1024) {
		t.Errorf("selected %v", chosen)
	}
}

func TestChosenRows(t *testing.T) {
	count := func(flags ...string) int { return len(chosenRows(newTestSession(t, flags...).options)) }
	everything := allRows(new(options))
	usual, all := 0, len(everything)
	for _, r := range everything {
		if !r.extra {
			usual++
		}
	}
	if usual == all {
		t.Error("there are no rows that are measured only if asked for")
	}
	for flags, want := range map[string]int{
		"": usual, "-all": all, "-list": all, "-run=^pair/": len(pairRows()), "-run=^parallel/": len(parallelRows()), "-run=^suite/": len(suiteRows()),
		"-run=^trace/": len(trace.Shipped()), "-trace=file": 1, "-trace=file -trace=other": 2,
	} {
		if got := count(strings.Fields(flags)...); got != want {
			t.Errorf("%q chooses %d rows, want %d", flags, got, want)
		}
	}
}

func TestRowNamesDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range allRows(new(options)) {
		if seen[r.name] {
			t.Errorf("two rows are named %s", r.name)
		}
		seen[r.name] = true
	}
}

func TestBadOptions(t *testing.T) {
	for _, arguments := range [][]string{
		{"-repeats", "0"}, {"-memory-repeats", "0"}, {"-d", "0s"}, {"-live-blocks", "0"}, {"-live-mib", "0"},
		{"-scale", "0"}, {"-decay-wait", "-1s"}, {"-grow-mib", "0"}, {"-run", "("}, {"pair"},
	} {
		if _, err := parseOptions(arguments); err == nil {
			t.Errorf("no error for %q", arguments)
		}
	}
}
