package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

// Tables in Markdown files are written by the program, between marks:
//
//	<!-- benchmarks: from testdata/results.json, main -->
//	<!-- /benchmarks -->
//
// The first names the file of results, relative to this module, and which of its tables are shown: main for
// the figures that a newcomer asks for, all for all of them. So the tables are what the program makes of the
// results, and a test keeps them so.
var regionPattern = regexp.MustCompile(`(?s)<!-- benchmarks: from (\S+), (main|all) -->\n(.*?)<!-- /benchmarks -->`)

// updateFile writes the tables into a Markdown file.
func updateFile(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	updated, err := update(string(text), "")
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if updated == string(text) {
		return nil
	}
	return os.WriteFile(file, []byte(updated), 0o644)
}

// update fills the regions of a Markdown text from the files of results, which lie in the folder.
func update(text, folder string) (string, error) {
	var failed error
	regions := 0
	updated := regionPattern.ReplaceAllStringFunc(text, func(region string) string {
		parts := regionPattern.FindStringSubmatch(region)
		tables, err := regionTables(filepath.Join(folder, parts[1]), parts[2] == "all")
		if err != nil && failed == nil {
			failed = err
		}
		regions++
		mark, _, _ := strings.Cut(region, "\n")
		return mark + "\n" + tables + "<!-- /benchmarks -->"
	})
	if failed == nil && regions == 0 {
		failed = fmt.Errorf("no place for tables: it needs the marks <!-- benchmarks: from FILE, main --> and <!-- /benchmarks --> on lines of their own")
	}
	return updated, failed
}

// regionTables is what stands between two marks.
func regionTables(file string, all bool) (string, error) {
	d, err := readDocument(file)
	if err != nil {
		return "", err
	}
	s := d.session(options{metrics: all})
	var out strings.Builder
	// Two spaces at the end of a line break it.
	fmt.Fprintf(&out, "`%s`\n\n%s  \n%s\n\n", s.options.command(s.chosen), s.machine, s.method())
	for _, t := range s.chosenTables(all) {
		if err := t.WriteMarkdown(&out); err != nil {
			return "", err
		}
	}
	for _, skipped := range s.skipped {
		if all {
			fmt.Fprintf(&out, "Not measured: %s\n\n", skipped)
		}
	}
	return out.String(), nil
}

// chosenTables are all tables, or those that a newcomer asks for: the figures of the main sections.
func (s *session) chosenTables(all bool) []*grid.Grid {
	if all {
		return s.tables()
	}
	var tables []*grid.Grid
	for _, section := range s.sections() {
		if !section.readme {
			continue
		}
		if t := section.figures(s.results.withoutNative(), false); t != nil {
			tables = append(tables, t)
		}
	}
	return tables
}

// withoutNative are the results of the peers that run in this process.
func (r *results) withoutNative() *results {
	kept := new(results)
	for _, candidate := range r.list {
		if !strings.HasPrefix(candidate.Peer, nativePrefix) {
			kept.list = append(kept.list, candidate)
		}
	}
	return kept
}
