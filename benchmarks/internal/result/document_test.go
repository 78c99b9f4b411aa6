// SPDX-License-Identifier: Apache-2.0

package result

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// testDocument has results of all kinds.
func testDocument() *Document {
	var r Results
	r.Add("pair/size=64", "ashlar", Nanoseconds, 20, 21, 22)
	r.Add("pair/size=64", "modernc", Nanoseconds, 10, 11, 12)
	value := 2.0
	return &Document{
		Schema:     Schema,
		Machine:    machine.Description{CPU: "Test <CPU> & co", Cores: 2, Procs: 2, System: "linux/amd64", GoVersion: "go1.26"},
		Time:       time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Run:        "^pair",
		Flags:      []string{"-all", "-repeats", "12"},
		Parameters: Parameters{Repeats: 12, Sample: time.Millisecond, LiveBlocks: 3, LiveBytes: 4, GrowTo: 5, Scale: 0.5, Classes: 6},
		Traces:     []string{"sqlite"},
		Skipped:    []string{"nothing & nobody"},
		Goals:      []Verdict{{Text: "goal", Ours: &value, Value: &value, Want: "≤ 3", Met: true}, {Text: "not measured"}},
		Results:    r.List,
		Metrics: MetricsList{{
			Benchmark: "pair/size=64", Peer: "ashlar", Operations: 10, Live: 4096, Resident: 1 << 20, Peak: 3 << 20,
			Usage: usage.Usage{User: 0.1, MinorFaults: 30},
			Calls: calls.Counts{"mmap": 4}, CallOperations: 1000,
			Latency:  &Latency{Operation: "a pair", Count: 5000, Every: 7, Clock: 25, Quantiles: []Quantile{{0.5, 47}}, Max: 98765},
			Timeline: &Timeline{Every: time.Second, Resident: []int64{1, 2}},
		}},
	}
}

func TestDocumentComesBack(t *testing.T) {
	want := testDocument()
	file := filepath.Join(t.TempDir(), "results.json")
	if err := want.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, wrote %+v", got, want)
	}
}

func TestEachResultHasALine(t *testing.T) {
	d := testDocument()
	var out bytes.Buffer
	if err := d.write(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n\t\t{"); n != len(d.Results)+len(d.Metrics)+len(d.Goals) {
		t.Errorf("%d lines for %d results, %d metrics and %d goals", n, len(d.Results), len(d.Metrics), len(d.Goals))
	}
}

func TestDocumentOfAnotherSchema(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	for _, text := range []string{`{"schema": 99}`, `{}`, `[`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v, want one that names the file", text, err)
		}
	}
	if _, err := Read(file + ".missing"); err == nil {
		t.Error("no error for a file that is missing")
	}
}

func TestCommandRepeatsTheRun(t *testing.T) {
	const want = "go run -C benchmarks . -run '^batch/' -all -repeats 12 -html report.html"
	if got := testDocument().Command("^batch/", "-html report.html"); got != want {
		t.Errorf("command %q, want %q", got, want)
	}
}
