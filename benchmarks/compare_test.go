package main

import (
	"bytes"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// shifted are samples around a centre, n of them, no two of them equal.
func shifted(centre float64, n int) []float64 {
	samples := make([]float64, n)
	for i := range samples {
		samples[i] = centre + 0.01*(float64(i)-float64(n-1)/2)
	}
	return samples
}

func oneResult(row, unit string, samples []float64) *document {
	d := new(results)
	d.add(row, ashlarName, unit, samples...)
	return &document{Schema: schema, Results: d.list}
}

func TestVerdicts(t *testing.T) {
	noise := []float64{10.1, 9.8, 10.3, 9.7, 10.2, 9.9, 10.4, 9.6}
	tests := []struct {
		name, row, unit string
		before, after   []float64
		want            string // beginning of the verdict
		end             string
	}{
		{"slower", "pair/size=64", nanoseconds, shifted(10, 8), shifted(12, 8), "+20.00%", "worse"},
		{"faster", "pair/size=64", nanoseconds, shifted(10, 8), shifted(5, 8), "-50.00%", "better"},
		{"more comes back", "live/back", percent, shifted(50, 8), shifted(75, 8), "+50.00%", "better"},
		{"scales worse", speedupRow(64), times, shifted(2, 8), shifted(1.5, 8), "-25.00%", "worse"},
		{"equal", "pair/size=64", nanoseconds, shifted(10, 8), shifted(10, 8), "~", "~"},
		{"noise", "pair/size=64", nanoseconds, noise, []float64{10, 10.15, 9.75, 10.05, 9.95, 10.25, 9.85, 9.65}, "~", "~"},
		{"too few to tell", "pair/size=64", nanoseconds, shifted(10, 3), shifted(20, 3), "~", "~"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changes := compare(oneResult(test.row, test.unit, test.before), oneResult(test.row, test.unit, test.after))
			if len(changes) != 1 {
				t.Fatalf("%d changes", len(changes))
			}
			if got := changes[0].verdict(); !strings.HasPrefix(got, test.want) || !strings.HasSuffix(got, test.end) {
				t.Errorf("verdict %q, want %q … %q", got, test.want, test.end)
			}
		})
	}
}

func TestComparisonSaysHowManySamples(t *testing.T) {
	d := oneResult("pair/size=64", nanoseconds, shifted(10, 3))
	var out bytes.Buffer
	if err := writeComparison(&out, &options{}, d, oneResult("pair/size=64", nanoseconds, shifted(20, 3))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"need >= 4 samples to detect", "need >= 6 samples for confidence"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

func TestGeomean(t *testing.T) {
	var before, after results
	add := func(row, peer, unit string, old, now float64) {
		before.add(row, peer, unit, shifted(old, 8)...)
		after.add(row, peer, unit, shifted(now, 8)...)
	}
	add("a", ashlarName, nanoseconds, 10, 20)
	add("b", ashlarName, nanoseconds, 10, 80)
	add("b", moderncName, nanoseconds, 10, 10)
	add("c", ashlarName, kibibytes, 10, 1000) // no time
	before.add("gone", ashlarName, nanoseconds, 1, 2, 3)
	after.add("new", ashlarName, nanoseconds, 1, 2, 3)
	changes := compare(&document{Results: before.list}, &document{Results: after.list})
	if len(changes) != 4 {
		t.Errorf("%d changes, want the 4 that both runs have", len(changes))
	}
	if got := geomean(changes, ashlarName); math.Abs(got-4) > 0.01 {
		t.Errorf("geometric mean of 2 and 8 is %v", got)
	}
	if got := geomean(changes, moderncName); math.Abs(got-1) > 0.001 {
		t.Errorf("geometric mean of a peer that did not change is %v", got)
	}
}

func TestCompareFiles(t *testing.T) {
	folder := t.TempDir()
	oldFile, newFile := filepath.Join(folder, "old.json"), filepath.Join(folder, "new.json")
	before, after := testDocument(), testDocument()
	after.Machine.CPU = "another"
	for _, r := range after.Results {
		if r.Peer == ashlarName {
			for i := range r.Samples {
				r.Samples[i] *= 2
			}
		}
	}
	for file, d := range map[string]*document{oldFile: before, newFile: after} {
		if err := d.writeFile(file); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := compareFiles(&out, &options{}, oldFile, newFile); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"+100.00% worse", "machines differ", "2.000", "1.000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if err := compareFiles(&out, &options{}, oldFile, newFile+".missing"); err == nil {
		t.Error("no error for a file that is missing")
	}
	if err := writeComparison(&out, &options{}, before, &document{}); err == nil {
		t.Error("no error for runs that have nothing in common")
	}
}
