// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table instead of comparing it")

const (
	begin = "<!-- begin: go test ./fuzz/abuse -run Table -update -->\n"
	end   = "<!-- end -->\n"
)

// TestTable: the Markdown files contain the tables of the present cases.
func TestTable(t *testing.T) {
	showTable(t, "../ABUSE.md", Table())
	showTable(t, "../../SECURITY.md", Table(Chief...))
	for _, name := range Chief {
		if !slices.ContainsFunc(Cases(), func(c Case) bool { return c.Name == name }) {
			t.Errorf("%q is not a case", name)
		}
	}
}

func showTable(t *testing.T, file, table string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %q followed by %q", file, begin, end)
	}
	want := "\n" + table + "\n"
	if shown == want {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the list of cases: run go test ./fuzz/abuse -run Table -update", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
