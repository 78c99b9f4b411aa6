package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

func testDocument() *document { return testSession().document() }

// testSession has something of everything. Ashlar is slower than modernc at 64 B, and faster at 1 KiB.
func testSession() *session {
	o, err := parseOptions([]string{
		"-repeats", "6", "-all", "-metrics", "-run", "^pair", "-d", "3ms", "-live-blocks", "1000", "-live-mib", "7", "-grow-mib", "8", "-scale", "0.5",
	})
	if err != nil {
		panic(err)
	}
	s := newSession(o)
	s.machine = machine.Description{CPU: "Test <CPU> & co", Cores: 2, Procs: 2, System: "linux/amd64", GoVersion: "go1.26"}
	s.ended = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	s.skip("nothing & nobody")
	add := func(row, peer string, first float64) {
		for i := range 6 {
			s.results.add(row, peer, nanoseconds, first+float64(i)/10)
		}
	}
	add(pairRow(64), ashlarName, 20)
	add(pairRow(64), ashlarLocalName, 15)
	add(pairRow(64), moderncName, 10)
	add(pairRow(64), makeName, 40)
	add(pairRow(64), loopName, 1)
	add(pairRow(1<<10), ashlarName, 20)
	add(pairRow(1<<10), moderncName, 30)
	add(pairRow(1<<10), makeName, 19.99) // which may be chance
	for _, goroutines := range goroutineCounts {
		add(parallelRow(goroutines, 64), ashlarName, 40/float64(min(goroutines, 2)))
		add(parallelRow(goroutines, 64), lockedName, 50)
	}
	s.results.add(churnResident, ashlarName, times, 1.1)
	s.results.add(growRow(fills[0].name), ashlarName, milliseconds, 1, 2)
	s.results.add(liveMetric(64, residentMetric), ashlarName, times, 1.5)
	add(suiteRow(suite.All()[0], suite.All()[0].Goroutines[0]), ashlarName, 30)
	add(suiteRow(suite.All()[0], suite.All()[0].Goroutines[0]), makeName, 60)
	addTestMetrics(s)
	return s
}

func addTestMetrics(s *session) {
	m := s.metrics.of(pairRow(64), ashlarName)
	*m = metrics{
		Row: m.Row, Peer: m.Peer, Operations: 10_000, Live: 4096, Resident: 1 << 20, Peak: 3 << 20,
		Usage: usage.Usage{User: 0.1, MinorFaults: 30, Mappings: 3, Collections: 2, Collector: 0.01, Assist: 0.005, LongPause: 25e-6},
		Calls: calls.Counts{"mmap": 4, "madvise": 1, "futex": 2, calls.Other: 9}, CallOperations: 1000,
		Latency: &latency{
			Operation: pairStep, Count: 5000, Every: 7, Clock: 25,
			Quantiles: []quantile{{0, 30}, {0.5, 47}, {0.9, 60}, {0.99, 123}, {0.999, 4567}}, Max: 98765,
		},
	}
	s.metrics.of(pairRow(64), moderncName).Latency = &latency{Quantiles: []quantile{{0, 20}, {0.5, 38}, {0.99, 99}}, Max: 1000}
	s.metrics.of(churnFigure, ashlarName).Timeline = &timeline{Every: glance, Resident: []int64{1024, 4096, 8192, 2048}}
}

func TestDocumentComesBack(t *testing.T) {
	session := testSession()
	want := session.document()
	file := filepath.Join(t.TempDir(), "results.json")
	if err := want.writeFile(file); err != nil {
		t.Fatal(err)
	}
	got, err := readDocument(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, wrote %+v", got, want)
	}
	// What is made of it once more is the same, too.
	var first, second bytes.Buffer
	if err := errors.Join(session.publish(&first), got.session(options{metrics: true}).publish(&second)); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() || !strings.Contains(first.String(), "Pair") {
		t.Errorf("tables differ:\n%s\n%s", &first, &second)
	}
}

func TestEachResultHasALine(t *testing.T) {
	d := testDocument()
	var out bytes.Buffer
	if err := d.write(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n\t\t{"); n != len(d.Results)+len(d.Metrics)+len(d.Bars) {
		t.Errorf("%d lines for %d results, %d metrics and %d bars", n, len(d.Results), len(d.Metrics), len(d.Bars))
	}
}

func TestDocumentOfAnotherSchema(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	for _, text := range []string{`{"schema": 99}`, `{}`, `[`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readDocument(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v, want one that names the file", text, err)
		}
	}
	if _, err := readDocument(file + ".missing"); err == nil {
		t.Error("no error for a file that is missing")
	}
}

func TestCommandRepeatsTheRun(t *testing.T) {
	o, err := parseOptions([]string{"-run", "^pair", "-json", "x", "-repeats", "12", "-all", "-markdown"})
	if err != nil {
		t.Fatal(err)
	}
	const want = "go run -C benchmarks . -run '^batch/' -all -repeats 12 -html report.html"
	if got := o.command("^batch/", "-html report.html"); got != want {
		t.Errorf("command %q, want %q", got, want)
	}
}
