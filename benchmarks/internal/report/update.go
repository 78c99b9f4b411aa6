// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// The program writes parts of Markdown files, between marks:
//
//	<!-- benchmarks: from testdata/results.json, main -->
//	<!-- /benchmarks -->
//
// The first mark names the file of results, relative to this module, and which of its tables are shown: headline for
// the few of the README, main for the figures that a newcomer asks for, all for all of them. So the tables are what the program makes of the
// results, and a test keeps them so. The marks "benchmarks: families" and "benchmarks: peers" list those.
var markedPart = regexp.MustCompile(`(?s)<!-- benchmarks: (?:from (\S+), (main|all|headline)|(families|peers)) -->\n(.*?)<!-- /benchmarks -->`)

// UpdateFile fills the marked parts of a Markdown file.
func UpdateFile(file string, families []Family) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	updated, err := Update(string(text), "", families)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if updated == string(text) {
		return nil
	}
	return os.WriteFile(file, []byte(updated), 0o644)
}

// Update fills the marked parts of a Markdown text. The files of results are in the folder.
func Update(text, folder string, families []Family) (string, error) {
	var failed error
	parts := 0
	updated := markedPart.ReplaceAllStringFunc(text, func(part string) string {
		content, err := fill(markedPart.FindStringSubmatch(part), folder, families)
		if err != nil && failed == nil {
			failed = err
		}
		parts++
		mark, _, _ := strings.Cut(part, "\n")
		return mark + "\n" + content + "<!-- /benchmarks -->"
	})
	if failed == nil && parts == 0 {
		failed = fmt.Errorf("no place for tables: it needs the marks <!-- benchmarks: from FILE, main --> and <!-- /benchmarks --> on lines of their own")
	}
	return updated, failed
}

// fill makes what stands between two marks.
func fill(mark []string, folder string, families []Family) (string, error) {
	file, which, list := mark[1], mark[2], mark[3]
	switch list {
	case "families":
		return listFamilies(families), nil
	case "peers":
		return listPeers(), nil
	}
	d, err := result.Read(filepath.Join(folder, file))
	if err != nil {
		return "", err
	}
	if which == "headline" {
		return headlineTable(d, families), nil
	}
	return documentTables(d, which == "all", families)
}

func listFamilies(families []Family) string {
	var out strings.Builder
	for _, f := range families {
		fmt.Fprintf(&out, "- `%s`: %s.\n", f.Name, f.About)
	}
	return out.String()
}

func listPeers() string {
	var out strings.Builder
	for _, k := range peer.All() {
		fmt.Fprintf(&out, "- `%s`: %s.\n", k.Name, k.About)
	}
	return out.String()
}

func documentTables(d *result.Document, all bool, families []Family) (string, error) {
	r := &Report{Document: d, Families: families, Options: Options{Metrics: all, Markdown: true}}
	var out strings.Builder
	// Two spaces at the end of a line break it.
	fmt.Fprintf(&out, "`%s`\n\n%s  \n%s\n\n", d.Command(d.Run), d.Machine, r.method())
	grids, missing := r.mainGrids(), []string(nil)
	if all {
		grids, missing = r.grids()
		missing = append(d.Skipped, missing...)
	}
	if err := r.write(&out, grids); err != nil {
		return "", err
	}
	for _, skipped := range missing {
		fmt.Fprintf(&out, "Not measured: %s\n\n", skipped)
	}
	return out.String(), nil
}

// mainGrids are the figures that a newcomer asks for: those of the main tables, without the peers in C.
func (r *Report) mainGrids() []*grid.Grid {
	inGo := new(result.Results)
	for _, candidate := range r.Document.Results {
		if !strings.HasPrefix(candidate.Peer, native.Prefix) {
			inGo.List = append(inGo.List, candidate)
		}
	}
	var grids []*grid.Grid
	for _, t := range r.tables() {
		if !t.Main {
			continue
		}
		if g := t.figures(inGo, false); g != nil {
			grids = append(grids, g)
		}
	}
	return grids
}
