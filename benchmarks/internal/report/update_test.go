// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// module is the directory of the benchmarks' module.
const module = "../.."

// TestTablesAreTheProgramsOwn: the documents have the tables that the program writes from the results beside them.
func TestTablesAreTheProgramsOwn(t *testing.T) {
	for _, file := range []string{"../README.md", "README.md", "RESULTS.md"} {
		text, err := os.ReadFile(filepath.Join(module, file))
		if err != nil {
			t.Fatal(err)
		}
		want, err := report.Update(string(text), module, families())
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if string(text) != want {
			t.Errorf("the tables in %s are not what the program writes: run\n\tgo run -C benchmarks . -from testdata/results.json -update %s", file, file)
		}
	}
}

// TestHeadline: the README's chart is the one that the program draws from the results.
func TestHeadline(t *testing.T) {
	d, err := result.Read(filepath.Join(module, "testdata/results.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "headline.svg")
	if err := report.WriteHeadlineChart(file, d, families()); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(module, "headline.svg"))
	if err != nil || string(got) != string(want) {
		t.Errorf("headline.svg differs from the chart that the program draws (%v): run\n\tgo run -C benchmarks . -from testdata/results.json -svg headline.svg", err)
	}
}

func TestUpdate(t *testing.T) {
	folder := t.TempDir()
	if err := testDocument().WriteFile(filepath.Join(folder, "r.json")); err != nil {
		t.Fatal(err)
	}
	const before = "before\n<!-- benchmarks: from r.json, main -->\nstale\n<!-- /benchmarks -->\nin the middle\n" +
		"<!-- benchmarks: from r.json, all -->\n<!-- /benchmarks -->\nafter\n"
	once, err := report.Update(before, folder, families())
	if err != nil {
		t.Fatal(err)
	}
	twice, err := report.Update(once, folder, families())
	if err != nil || twice != once {
		t.Errorf("the second update changed the text, error %v", err)
	}
	if strings.Contains(once, "stale") || !strings.HasPrefix(once, "before\n<!--") || !strings.HasSuffix(once, "-->\nafter\n") {
		t.Errorf("the text around the marks was not kept, or that inside them was:\n%s", once)
	}
	main, all, _ := strings.Cut(once, "in the middle")
	for _, part := range []string{main, all} {
		if !strings.Contains(part, "go run -C benchmarks . -run '^pair' -all -d 3ms -grow-mib 8 -live-blocks 1000 -live-mib 7 -metrics -repeats 6 -scale 0.5") || !strings.Contains(part, "| 64 B | 20.2 ±1% | 15.2 ±1% |") {
			t.Errorf("no command or no figures in\n%s", part)
		}
	}
	for _, table := range []string{"÷ ashlar's", "**Goals**", "p99.9", "nothing & nobody"} {
		if strings.Contains(main, table) || !strings.Contains(all, table) {
			t.Errorf("%q: in the main tables %v, in all %v", table, strings.Contains(main, table), strings.Contains(all, table))
		}
	}
}

func TestListsOfFamiliesAndPeers(t *testing.T) {
	text, err := report.Update("<!-- benchmarks: families -->\n<!-- /benchmarks -->\n<!-- benchmarks: peers -->\n<!-- /benchmarks -->\n", "", families())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"- `pair`: a ring of 64 live blocks", "- `churn`: ", "- `ashlar-local`: alloc.Local", "- `nuke`: "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestUpdateRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no marks":     "text",
		"missing file": "<!-- benchmarks: from no.json, all -->\n<!-- /benchmarks -->",
	} {
		if _, err := report.Update(text, t.TempDir(), families()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
