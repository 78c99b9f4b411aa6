// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/family"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// TestMain makes the test binary the child process of the benchmarks, too.
func TestMain(m *testing.M) {
	if asked, err := harness.RunTask(family.All()); asked {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// parse parses correct arguments.
func parse(t *testing.T, arguments ...string) *options {
	t.Helper()
	o, err := parseOptions(arguments)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// lasting are the families that have no goals and take long.
var lasting = []string{"suite", "trace"}

// TestEveryGoalIsMeasured measures as the program does, but only for moments.
func TestEveryGoalIsMeasured(t *testing.T) {
	if !rss.Supported {
		t.Skip(rss.ErrUnsupported)
	}
	file := filepath.Join(t.TempDir(), "samples.json")
	o := parse(t, "-d", "20us", "-repeats", "2", "-memory-repeats", "2", "-live-blocks", "20000", "-live-mib", "2",
		"-decay-wait", "1ms", "-grow-mib", "4", "-json", file, "-run", withGoals())
	d, err := obtain(o, family.All())
	if err != nil {
		t.Fatal(err)
	}
	inC := func(text string) bool {
		return strings.Contains(text, "mimalloc") || strings.Contains(text, "jemalloc")
	}
	for _, v := range d.Goals {
		if v.Value == nil && !inC(v.Text) {
			t.Errorf("a complete run has no figure for the goal %q", v.Text)
		}
	}
	var out bytes.Buffer
	if err := publish(&out, o, family.All(), d); err != nil {
		t.Fatal(err)
	}
	expectComplete(t, d, out.String(), file)
}

// withGoals returns an expression that matches the benchmarks of all families but the lasting ones.
func withGoals() string {
	var names []string
	for _, f := range family.All() {
		if !slices.Contains(lasting, f.Name) {
			names = append(names, f.Name)
		}
	}
	return "^(" + strings.Join(names, "|") + ")/"
}

// expectComplete checks that the tables and the file have every result.
func expectComplete(t *testing.T, d *result.Document, printed, file string) {
	t.Helper()
	shown := make(map[string]bool)
	for _, f := range family.All() {
		for _, table := range f.Tables(d) {
			for _, name := range table.Benchmarks() {
				shown[name] = true
			}
			if onRequest := slices.Contains(lasting, f.Name); onRequest == strings.Contains(printed, table.Title) {
				t.Errorf("was the table %q of the family %s printed? %v", table.Title, f.Name, !onRequest)
			}
		}
	}
	for _, r := range d.Results {
		if !shown[r.Benchmark] {
			t.Errorf("no table shows %s", r.Benchmark)
		}
	}
	read, err := result.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Results) != len(d.Results) || len(read.Metrics) != len(d.Metrics) {
		t.Errorf("the file has %d results and %d metrics, want %d and %d", len(read.Results), len(read.Metrics), len(d.Results), len(d.Metrics))
	}
}

func TestList(t *testing.T) {
	var out strings.Builder
	if err := list(&out, family.All(), parse(t, "-list", "-run", "^(pair/size=64|suite/larson/.*=1)$")); err != nil {
		t.Fatal(err)
	}
	if want := "pair/size=64\nsuite/larson/goroutines=1\n"; out.String() != want {
		t.Errorf("listed %q, want %q", out.String(), want)
	}
}

func TestNothingChosen(t *testing.T) {
	if _, err := obtain(parse(t, "-run", "no such"), family.All()); err == nil {
		t.Error("no error for a pattern that matches nothing")
	}
}

func TestGivenFlags(t *testing.T) {
	o := parse(t, "-run", "^pair", "-json", "x", "-repeats", "12", "-all", "-markdown")
	if got, want := strings.Join(o.Flags, " "), "-all -repeats 12"; got != want {
		t.Errorf("flags %q, want %q", got, want)
	}
}

func TestBadOptions(t *testing.T) {
	for _, arguments := range [][]string{
		{"-repeats", "0"}, {"-memory-repeats", "0"}, {"-d", "0s"}, {"-live-blocks", "0"}, {"-live-mib", "0"},
		{"-scale", "0"}, {"-decay-wait", "-1s"}, {"-grow-mib", "0"}, {"-classes", "0"}, {"-run", "("}, {"pair"},
		{"-from", "x", "-json", "y"}, {"-compare", "x,y,z"},
	} {
		if _, err := parseOptions(arguments); err == nil {
			t.Errorf("no error for %q", arguments)
		}
	}
}

func TestCompareFiles(t *testing.T) {
	file := filepath.Join("testdata", "results.json")
	var out strings.Builder
	if err := compareFiles(&out, parse(t), file, file); err != nil || !strings.Contains(out.String(), "1.000") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	if err := compareFiles(&out, parse(t), file, file+".missing"); err == nil {
		t.Error("no error for a file that is missing")
	}
}
