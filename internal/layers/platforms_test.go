// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

//go:generate go test -run TestPlatformTable -update

var update = flag.Bool("update", false, "write the table of features into PLATFORMS.md")

const (
	tableBegin = "<!-- features: go generate ./internal/layers -->\n"
	tableEnd   = "<!-- end of features -->\n"
)

// featureTable returns the table of the features of each source.
func featureTable() string {
	var b strings.Builder
	b.WriteString("| Feature | What it serves |")
	for _, s := range vm.Sources() {
		b.WriteString(" " + s.Name + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(vm.Sources())) + "\n")
	for f := vm.Feature(1); f&vm.Features != 0; f <<= 1 {
		fmt.Fprintf(&b, "| %v | %s |", f, f.Serves())
		for _, s := range vm.Sources() {
			if s.Able&f != 0 {
				b.WriteString(" yes |")
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestPlatformTable: the table in PLATFORMS.md is what the sources say that they can do.
// Every feature has a name, and says what it serves.
func TestPlatformTable(t *testing.T) {
	for f := vm.Feature(1); f&vm.Features != 0; f <<= 1 {
		if f.String() == "" || f.Serves() == "" {
			t.Errorf("feature %#x has no name, or serves nothing", uint32(f))
		}
	}
	text := readText(t, "PLATFORMS.md")
	before, rest, ok := strings.Cut(text, tableBegin)
	table, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("PLATFORMS.md has no place for the table")
	}
	if table == featureTable() {
		return
	}
	if !*update {
		t.Fatalf("the table in PLATFORMS.md is not that of the sources: go generate ./internal/layers\n%s", featureTable())
	}
	text = before + tableBegin + featureTable() + tableEnd + after
	if err := os.WriteFile(filepath.Join(absRoot(t), "PLATFORMS.md"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
