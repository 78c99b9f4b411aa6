// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/page"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/internal/testbrowser"
)

// browse opens a file in a headless browser and returns its output. The page must not log an error.
func browse(t *testing.T, file string, args ...string) string {
	t.Helper()
	out, console := testbrowser.Run(t, "file://"+file, append([]string{"--virtual-time-budget=2000"}, args...)...)
	for _, line := range console {
		t.Errorf("the page logs an error: %s", line)
	}
	return out
}

// writePage writes the report of a document that was written and read, followed by a
// script.
func writePage(t *testing.T, folder string) (*result.Document, string) {
	t.Helper()
	results := filepath.Join(folder, "results.json")
	if err := testDocument().WriteFile(results); err != nil {
		t.Fatal(err)
	}
	d, err := result.Read(results)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "report.html")
	if err := reportOf(d).WriteHTML(file); err != nil {
		t.Fatal(err)
	}
	return d, file
}

// pageScript makes the page write what it fetched, and whether it is wider than its window.
const pageScript = `<script>
document.body.dataset.fetched = performance.getEntriesByType("resource").length;
document.body.dataset.overflow = document.documentElement.scrollWidth - innerWidth;
</script>`

func TestReportInABrowser(t *testing.T) {
	testbrowser.Program(t) // or skip
	folder := t.TempDir()
	d, file := writePage(t, folder)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(folder, "told.html")
	if err := os.WriteFile(told, append(text, pageScript...), 0o600); err != nil {
		t.Fatal(err)
	}
	dom := html.UnescapeString(browse(t, told, "--window-size=420,800", "--dump-dom"))
	if !strings.Contains(dom, `data-fetched="0"`) {
		t.Error("the page fetched something")
	}
	if overflow := regexp.MustCompile(`data-overflow="(-?\d+)"`).FindStringSubmatch(dom); overflow == nil || overflow[1] != "0" {
		t.Errorf("on a telephone the page is wider than its window: %v", overflow)
	}
	expectFigures(t, d, dom)
	expectDrawn(t, d, dom)
}

// expectFigures looks for the medians of the document and for the verdicts in the tables of the page.
func expectFigures(t *testing.T, d *result.Document, dom string) {
	t.Helper()
	for _, r := range d.Results {
		if cell := "<td>" + grid.Median(r.Summary(), false) + "</td>"; !strings.Contains(dom, cell) {
			t.Errorf("no cell %s for %s of %s", cell, r.Benchmark, r.Peer)
		}
	}
	missed, met := 0, 0
	for _, v := range d.Goals {
		switch {
		case v.Value == nil:
			continue
		case v.Met:
			met++
		default:
			missed++
		}
		if item := fmt.Sprintf("<strong>%s</strong>, wanted %s: %s", grid.Significant(*v.Value), v.Want, v.Text); !strings.Contains(dom, item) {
			t.Errorf("no goal %q", item)
		}
	}
	if heading := fmt.Sprintf("Goals: %d met, %d missed", met, missed); !strings.Contains(dom, heading) || missed == 0 || met == 0 {
		t.Errorf("no heading %q", heading)
	}
	for _, words := range []string{
		"64 B: ashlar loses: modernc takes 0.506 of its time.", "1 KiB: ashlar loses: make takes 1.000 of its time (may be chance).", "Test <CPU> & co", "nothing & nobody",
		"go run -C benchmarks . -run '^pair/' -all -d 3ms -grow-mib 8 -live-blocks 1000 -live-mib 7 -metrics -repeats 6 -scale 0.5 -html report.html",
	} {
		if !strings.Contains(dom, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
}

// expectDrawn checks the charts as the browser has drawn them.
func expectDrawn(t *testing.T, d *result.Document, dom string) {
	t.Helper()
	old := d.Figures()
	for _, name := range []string{peer.Modernc, peer.Make, peer.AshlarLocal} {
		median, _ := old.Median("pair/size=64", name)
		own, _ := old.Median("pair/size=64", peer.Ashlar)
		if title := fmt.Sprintf("<title>64 B: %s %.3g ×</title>", name, median/own); !strings.Contains(dom, title) {
			t.Errorf("no bar is titled %q", title)
		}
	}
	expectLengths(t, old, dom)
	for _, title := range []string{
		"<title>ashlar\n99 %: 123 ns</title>",        // latency
		"<title>ashlar\n99.9 %: 4.57 µs</title>",     // latency
		"<title>modernc+mutex\n16: 19.9 M</title>",   // throughput: 1/50.25 ns
		"<title>ashlar\n0.06: 8</title>",             // resident, MiB, at the third reading
		"<title>ashlar\n2: " + "49.4 M" + "</title>", // 1/20.25 ns
		">1 × ~<",
		"0.506 × loss", // in words, on a telephone
		`aria-label="Throughput of 64 B by goroutines`, // for screen readers
		`role="img"`,
	} {
		if !strings.Contains(dom, title) {
			t.Errorf("no %q is drawn", title)
		}
	}
	if n, want := strings.Count(dom, `class="chart"`), len(allCharts(d)); n != want || want < 5 {
		t.Errorf("%d charts on the page, want %d", n, want)
	}
	if empty := regexp.MustCompile(`<g aria-label="line"[^>]*></g>`).FindString(dom); empty != "" {
		t.Errorf("a line has no points: %s", empty)
	}
}

// expectLengths compares the lengths of two bars. The scale is logarithmic.
func expectLengths(t *testing.T, r *result.Results, dom string) {
	t.Helper()
	own, _ := r.Median("pair/size=64", peer.Ashlar)
	var perUnit []float64
	for _, name := range []string{peer.Modernc, peer.Make, peer.AshlarLocal} {
		median, _ := r.Median("pair/size=64", name)
		bar := regexp.MustCompile(`<rect [^>]*\bwidth="([0-9.]+)"[^>]*><title>64 B: ` + name + ` `).FindStringSubmatch(dom)
		if bar == nil {
			t.Errorf("no bar of %s", name)
			return
		}
		length, err := strconv.ParseFloat(bar[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		perUnit = append(perUnit, length/math.Abs(math.Log(median/own)))
	}
	if low, high := slices.Min(perUnit), slices.Max(perUnit); high > 1.01*low {
		t.Errorf("bars are %v long by the logarithms of their ratios, want them alike", perUnit)
	}
}

// allCharts returns the charts of all tables.
func allCharts(d *result.Document) []*page.Chart {
	var charts []*page.Chart
	for _, table := range reportOf(d).Page().Tables {
		charts = append(charts, table.Charts...)
	}
	return charts
}

func TestReportInLightAndDark(t *testing.T) {
	testbrowser.Program(t) // or skip
	// The pictures are kept for people.
	folder, err := os.MkdirTemp("", "ashlar-report-")
	if err != nil {
		t.Fatal(err)
	}
	_, file := writePage(t, folder)
	for scheme, preferred := range map[string]string{"light": "1", "dark": "0"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			picture := filepath.Join(folder, scheme+".png")
			browse(t, file, "--window-size=1100,1600", "--screenshot="+picture, "--blink-settings=preferredColorScheme="+preferred)
			t.Log(picture)
			if light := isLight(t, picture); light != (scheme == "light") {
				t.Errorf("the background is light: %v", light)
			}
		})
	}
}

// isLight checks the colour of the first pixels of a picture.
func isLight(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := picture.At(2, 2).RGBA()
	return r+g+b > 3*0x8000
}

// TestReportIsOneFile: only texts in the page may name anything outside it, whatever the texts contain.
func TestReportIsOneFile(t *testing.T) {
	d := testDocument()
	d.Machine.CPU = `</script><img src="http://example.org/x.png">`
	var out bytes.Buffer
	if err := reportOf(d).Page().Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, tag := range regexp.MustCompile(`<[a-z][^<>]*\b(?:src|href)=[^<>]*>`).FindAllString(out.String(), -1) {
		if !strings.HasPrefix(tag, `<a href="#`) {
			t.Errorf("the page refers to something: %s", tag)
		}
	}
	_, rest, ok := strings.Cut(out.String(), `id="data">`)
	data, _, _ := strings.Cut(rest, "</script>")
	var numbers struct{ Charts []page.Chart }
	if err := json.Unmarshal([]byte(data), &numbers); !ok || err != nil {
		t.Fatal("the charts' data is not JSON: ", err)
	}
	if len(numbers.Charts) != len(allCharts(d)) {
		t.Errorf("%d charts in the data", len(numbers.Charts))
	}
}
