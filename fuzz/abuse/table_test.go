package abuse

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table instead of comparing it")

const (
	tableFile = "../ABUSE.md"
	begin     = "<!-- begin: go test ./fuzz/abuse -run Table -update -->\n"
	end       = "<!-- end -->\n"
)

// TestTable: the file shows the table of the present cases.
func TestTable(t *testing.T) {
	text, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %q with an %q behind it", tableFile, begin, end)
	}
	want := "\n" + Table() + "\n"
	if shown == want {
		return
	}
	if !*update {
		t.Fatalf("%s does not show what the cases say: run go test ./fuzz/abuse -run Table -update", tableFile)
	}
	if err := os.WriteFile(tableFile, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
