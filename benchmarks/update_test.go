package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTablesAreTheProgramsOwn: what the documents show is what the program makes of the results beside them.
func TestTablesAreTheProgramsOwn(t *testing.T) {
	for _, file := range []string{"../README.md", "RESULTS.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := update(string(text), "")
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if string(text) != want {
			t.Errorf("the tables in %s are not what the program writes: run\n\tgo run -C benchmarks . -from testdata/results.json -update %s", file, file)
		}
	}
}

func TestUpdate(t *testing.T) {
	folder := t.TempDir()
	if err := testDocument().writeFile(filepath.Join(folder, "r.json")); err != nil {
		t.Fatal(err)
	}
	const before = "before\n<!-- benchmarks: from r.json, main -->\nstale\n<!-- /benchmarks -->\nin the middle\n" +
		"<!-- benchmarks: from r.json, all -->\n<!-- /benchmarks -->\nafter\n"
	once, err := update(before, folder)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := update(once, folder)
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
	for _, table := range []string{"÷ ashlar's", "**Bars**", "p99.9", "nothing & nobody"} {
		if strings.Contains(main, table) || !strings.Contains(all, table) {
			t.Errorf("%q: in the main tables %v, in all %v", table, strings.Contains(main, table), strings.Contains(all, table))
		}
	}
}

func TestUpdateRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no marks":     "text",
		"missing file": "<!-- benchmarks: from no.json, all -->\n<!-- /benchmarks -->",
	} {
		if _, err := update(text, t.TempDir()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
