// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

// TestLibraries: the libraries have the checksums in the script, and their licences are
// beside them.
func TestLibraries(t *testing.T) {
	script, err := os.ReadFile("assets/fetch.sh")
	if err != nil {
		t.Fatal(err)
	}
	sums := regexp.MustCompile(`(?m)^([0-9a-f]{64})  (\S+)\.min\.js$`).FindAllStringSubmatch(string(script), -1)
	if len(sums) != 2 {
		t.Fatalf("%d checksums in the script", len(sums))
	}
	for _, sum := range sums {
		name := sum[2]
		if got := sha256.Sum256([]byte(asset(name + ".min.js"))); hex.EncodeToString(got[:]) != sum[1] {
			t.Errorf("%s.min.js is not the file whose checksum the script has", name)
		}
		licence, err := os.ReadFile("assets/" + name + ".LICENSE")
		if err != nil || !strings.Contains(string(licence), "Copyright") {
			t.Errorf("no licence of %s: %v", name, err)
		}
	}
}

func TestPageWithoutMeasurements(t *testing.T) {
	var out bytes.Buffer
	if err := new(Page).Write(&out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, `"charts":[]`) || strings.Contains(text, "<section") {
		t.Error("an empty page has tables or charts")
	}
}

func TestTextsAreEscaped(t *testing.T) {
	const text = `<b>&"'</b>`
	p := &Page{
		Title: text, Intro: []string{text}, Command: text, Notes: []string{text},
		Missed: []Goal{{text, text, text}},
		Series: []Series{{Name: text}},
		Tables: []Table{{
			ID: "s", Name: text, Title: text, Command: text, Machine: text, Says: []string{text},
			Charts: []*Chart{{Kind: Lines, Title: text, Points: []Point{{Series: text, X: 1, Y: 2}}}},
			Grids:  []*grid.Grid{{Title: text, Header: []string{text}, Rows: [][]string{{text}}, Notes: []string{text}}},
		}},
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "<b>") {
		t.Error("a text became an element")
	}
	if !strings.Contains(out.String(), `id="s-chart-a"`) {
		t.Error("the page has no element for the chart")
	}
}
