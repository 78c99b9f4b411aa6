// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// TestComparison shows the differences of two documents.
func TestComparison(t *testing.T) {
	before, after := testDocument(), testDocument()
	after.Machine.CPU = "another"
	for _, r := range after.Results {
		if r.Peer == peer.Ashlar {
			for i := range r.Samples {
				r.Samples[i] *= 2
			}
		}
	}
	var out bytes.Buffer
	if err := (report.Options{}).Compare(&out, before, after); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"+100.00% worse", "machines differ", "2.000", "1.000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if err := (report.Options{}).Compare(&out, before, new(result.Document)); err == nil {
		t.Error("no error for runs that have nothing in common")
	}
}

func TestComparisonSaysHowManySamples(t *testing.T) {
	document := func(samples ...float64) *result.Document {
		r := new(result.Results)
		r.Add("pair/size=64", peer.Ashlar, result.Nanoseconds, samples...)
		return &result.Document{Results: r.List}
	}
	var out bytes.Buffer
	if err := (report.Options{}).Compare(&out, document(9.99, 10, 10.01), document(19.99, 20, 20.01)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"need >= 4 samples to detect", "need >= 6 samples for confidence"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// TestSameTablesAgain: a document gives the same tables after it was written and read.
func TestSameTablesAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	written := testDocument()
	if err := written.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	read, err := result.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for d, out := range map[*result.Document]*bytes.Buffer{written: &first, read: &second} {
		r := reportOf(d)
		r.Metrics = true
		if err := r.Print(out); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() || !strings.Contains(first.String(), "Pair") {
		t.Errorf("tables differ:\n%s\n%s", &first, &second)
	}
}
