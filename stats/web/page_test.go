// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
	"github.com/ashlar-go/ashlar/stats"
	"github.com/ashlar-go/ashlar/stats/web"
)

// fixed is a source whose snapshots are all the same.
type fixed struct{ s stats.Snapshot }

func (f *fixed) Stats() stats.Snapshot { return f.s }

func (f *fixed) Inspect() stats.Inspector { return unknown{} }

// unknown is an Inspector that has a map of the heap and nothing else.
type unknown struct{ stats.Inspector }

func (unknown) Process() (*stats.Process, error) { return nil, io.ErrUnexpectedEOF }

func (unknown) HeapMap(int) *stats.HeapMap {
	return &stats.HeapMap{PageSize: 8192, Omitted: 3, Chunks: []stats.ChunkMap{{
		Start: 0x7f000000, Pages: 1000, Runs: []stats.PageRun{
			{Use: stats.PageSpan, Pages: 8, Size: 64, Blocks: 1024, Idle: 1000},
			{Use: stats.PageDirty, Pages: 100},
			{Use: stats.PageSpan, Pages: 16, Size: 4096, Blocks: 32},
			{Use: stats.PageClean, Pages: 876},
		}}}}
}

var example = &fixed{stats.Snapshot{
	Name: "cache <1>",
	Time: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	Memory: stats.Memory{
		Requested: 60 << 20, Slack: 4<<20 + 1<<17, LargeClean: 5<<20 + 3<<17, Cached: 3 << 20, Depot: 5 << 20, Idle: 64 << 20,
		LargeRequested: 1 << 30, LargeSlack: 4 << 10, LargeDirty: 7 << 20, PagesClean: 62 << 20, Profile: 5 << 20, Metadata: 20 << 10, MetadataClean: 15 << 20,
	},
	Mapped: stats.Gauge{Now: 1300 << 20, Peak: 2 << 30}, Footprint: stats.Gauge{Now: 1170 << 20, Peak: 1180 << 20},
	Mappings: stats.Gauge{Now: 2345, Peak: 5000}, Limit: 1200 << 20, MaxMappings: 65530,
	Classes: []stats.Class{
		{Size: 16},
		{Size: 32, Spans: 10, Blocks: 20480, Live: 20000, Cached: 100, InDepot: 200, Idle: 180, Allocs: 50000, Frees: 30000, Requested: 600000},
		{Size: 1024, Spans: 1000, Blocks: 64000, Live: 1000, Idle: 63000, Allocs: 64000, Frees: 63000, Requested: 1000 * 1024},
	},
	Large: stats.Large{Live: 1, Bytes: 1<<30 + 4<<10, Retained: 3},
	Arenas: []stats.Arena{
		{ID: 1, Name: "request", Made: "main.serve main.go:7", Reserved: 64 << 10, Used: 60 << 10, Free: 3 << 10, Waste: 1 << 10, HighWater: 62 << 10, Resets: 9},
		{ID: 2, Made: "example.org/m/main.load /src/m/main.go:70", Reserved: 1 << 20, Used: 1 << 20, HighWater: 1 << 20},
		{ID: 3, Name: "request", Reserved: 32 << 10, Free: 32 << 10},
	},
	Dropped: []stats.DroppedArenas{{Made: "main.leak main.go:90", Arenas: 3, Bytes: 192 << 10}},
}}

func serve(t *testing.T, source stats.Source) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/some/where/ashlar/", web.Handler(source))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/some/where/ashlar/"
}

var tag = regexp.MustCompile(`<[^>]*>`)

// rowsOf returns the cells of a table's rows by their first cell, and the order of the
// rows.
func rowsOf(t *testing.T, dom, id string) (rows map[string][]string, order []string) {
	t.Helper()
	_, rest, found := strings.Cut(dom, `id="`+id+`"`)
	if !found {
		t.Fatalf("the page has no %s:\n%s", id, dom)
	}
	if _, after, found := strings.Cut(rest[:strings.Index(rest, "</table>")], "<tbody"); found {
		rest = after
	}
	rest, _, _ = strings.Cut(rest, "</tbody>")
	rows = map[string][]string{}
	for _, tr := range strings.Split(rest, "<tr")[1:] {
		var cells []string
		for _, cell := range regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`).FindAllStringSubmatch(tr, -1) {
			cells = append(cells, strings.TrimSpace(tag.ReplaceAllString(cell[1], "")))
		}
		rows[cells[0]] = cells
		order = append(order, cells[0])
	}
	return rows, order
}

// mapRegion opens a Region, which every page of the process shows.
func mapRegion(t *testing.T) {
	t.Helper()
	r, err := mmap.Map(3<<20, mmap.MapOptions{Options: mmap.Options{Name: "embeddings"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
}

// TestPageShowsSnapshot: the browser shows the numbers of the snapshot.
func TestPageShowsSnapshot(t *testing.T) {
	t.Parallel()
	mapRegion(t)
	dom := browse(t, serve(t, example), "--dump-dom")
	s := &example.s

	if !strings.Contains(dom, ">live, updated every second<") {
		t.Error("the page did not poll")
	}
	for name, want := range map[string]string{
		"requested": stats.Bytes(s.Memory.Requested + s.Memory.LargeRequested),
		"footprint": stats.Bytes(s.Footprint.Now),
		"limit":     "97.5 % of 1.17 GiB",
		"mapped":    stats.Bytes(s.Mapped.Now),
		"mappings":  "2\u202f345 of 65\u202f530 mappings",
	} {
		if !regexp.MustCompile(fmt.Sprintf(`data-tile="%s"[^>]*>%s<`, name, want)).MatchString(dom) {
			t.Errorf("the tile %s does not show %q", name, want)
		}
	}
	for _, a := range s.Advice() {
		if !strings.Contains(dom, a.What) || !strings.Contains(dom, a.Do) {
			t.Errorf("the page does not show %q", a)
		}
	}

	if order := checkMemory(t, dom, s, true); order[0] != "large requested" || order[1] != "small idle" {
		t.Errorf("the rows are not sorted by size: %q", order)
	}

	classes, order := rowsOf(t, dom, "classes")
	want := []string{"1.00 KiB", "62.5 MiB", "", "1\u202f000", "0", "63\u202f000", "61.5 MiB", "98.4 %", "–"}
	if got := classes["1.00 KiB"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("class of 1 KiB: %q, want %q", got, want)
	}
	if fmt.Sprint(order) != "[1.00 KiB 32 B]" {
		t.Errorf("classes %q", order)
	}

	arenas, order := rowsOf(t, dom, "arenas")
	want = []string{"request", "2", "96.0 KiB", "60.0 KiB", "1.00 KiB", "62.0 KiB", "9"}
	if got := arenas["request"]; fmt.Sprint(got) != fmt.Sprint(want) || len(order) != 2 || order[0] != "main.load main.go:70" {
		t.Errorf("arenas %q, want %q second of two", arenas, want)
	}
	if !strings.Contains(dom, "3 more, with 192 KiB, were dropped without Free.") {
		t.Error("the page does not show the dropped arenas")
	}

	regions, _ := rowsOf(t, dom, "regions")
	if got := regions["embeddings"]; len(got) < 3 || got[2] != "3.00 MiB" {
		t.Errorf("regions %q", regions)
	}

	series, _ := rowsOf(t, dom, "series")
	for name, n := range map[string]int64{
		"requested": s.Memory.Requested + s.Memory.LargeRequested, "slack": s.Memory.Slack + s.Memory.LargeSlack,
		"cached, idle": s.Memory.Cached + s.Memory.Depot + s.Memory.Idle,
		"dirty":        s.Memory.LargeDirty + s.Memory.Profile + s.Memory.Metadata, "mapped": s.Mapped.Now,
	} {
		if got := series[name]; len(got) < 2 || got[1] != stats.Bytes(n) {
			t.Errorf("the chart's table shows %q for %s, want %s", got, name, stats.Bytes(n))
		}
	}

	chunks, _ := rowsOf(t, dom, "chunks")
	for _, got := range chunks {
		want := []string{"7.81 MiB", "192 KiB", "800 KiB", "6.84 MiB", "6.84 MiB", "1 of 2"}
		if fmt.Sprint(got[1:]) != fmt.Sprint(want) {
			t.Errorf("chunk %q, want %q", got[1:], want)
		}
	}
	if len(chunks) != 1 || !strings.Contains(dom, "3 more chunks are not shown") || !strings.Contains(dom, `<canvas role="img"`) {
		t.Errorf("the map of the heap is incomplete: %d chunks", len(chunks))
	}
}

// checkMemory compares the table of memory with the snapshot and returns the order of its
// rows. It compares metadata only if asked to, because other tests in the process change
// it.
func checkMemory(t *testing.T, dom string, s *stats.Snapshot, metadata bool) []string {
	t.Helper()
	memory, order := rowsOf(t, dom, "memory")
	for _, m := range stats.Metrics() {
		path, found := strings.CutPrefix(m.Name, "/ashlar/memory/")
		if !found {
			continue
		}
		label := strings.ReplaceAll(strings.TrimSuffix(path, ":bytes"), "/", " ")
		if !metadata && strings.HasPrefix(label, "metadata") {
			continue
		}
		if got, want := memory[label], stats.Bytes(m.Value(s)); len(got) < 2 || got[1] != want {
			t.Errorf("%s: %q, want %s", label, got, want)
		}
	}
	return order
}

// TestPageShowsAllocator: the page shows the numbers of an idle allocator.
func TestPageShowsAllocator(t *testing.T) {
	t.Parallel()
	a := newBusy(t).Allocator
	dom := browse(t, serve(t, a), "--dump-dom")
	s := a.Stats()
	checkMemory(t, dom, &s, false)
	arenas, _ := rowsOf(t, dom, "arenas")
	for _, g := range s.ArenaGroups() {
		if got := arenas[g.Name]; g.Name != "" && (len(got) < 4 || got[2] != stats.Bytes(g.Reserved) || got[3] != stats.Bytes(g.Used)) {
			t.Errorf("arena %s: %q, want %+v", g.Name, got, g)
		}
	}
	const shownChunks = 16 // shown by default
	if chunks, _ := rowsOf(t, dom, "chunks"); len(chunks) != min(s.Chunks, shownChunks) {
		t.Errorf("the map shows %d chunks of %d", len(chunks), s.Chunks)
	}
	for _, want := range []string{`data-tile="footprint">` + stats.Bytes(s.Footprint.Now) + "<", `data-tile="mapped">` + stats.Bytes(s.Mapped.Now) + "<"} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}

// TestPageShowsStacks: the page shows the stacks of the source, one frame per line,
// without directories.
func TestPageShowsStacks(t *testing.T) {
	t.Parallel()
	dom := browse(t, serve(t, &profiled{}), "--dump-dom")
	stacks, _ := rowsOf(t, dom, "stacks")
	want := []string{"3.00 MiB", "75.0 %", "1\u202f500", "store.(*Cache[...]).load cache.go:70\nmain.main main.go:7"}
	if got := stacks["3.00 MiB"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("stacks %q, want %q", stacks, want)
	}
	for _, has := range []string{"on average one in 512 KiB", `href="profile"`} {
		if !strings.Contains(dom, has) {
			t.Errorf("the page does not contain %q", has)
		}
	}
}

// TestPageWithLittle: a source that has only the method Stats has a page, too.
func TestPageWithLittle(t *testing.T) {
	t.Parallel()
	dom := browse(t, serve(t, minimal{}), "--dump-dom")
	for _, want := range []string{">live, updated every second<", "Nothing."} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	for _, no := range []string{`id="map"`, `id="process"`, `href="profile"`, "NaN", "undefined"} {
		if strings.Contains(dom, no) {
			t.Errorf("the page contains %q", no)
		}
	}
}

type minimal struct{}

func (minimal) Stats() stats.Snapshot { return stats.Snapshot{} }

// TestScreens takes pictures of the page: in light and dark mode, and at the width of a
// phone. Look at them after a change: go test -artifacts -run Screens ./stats/web.
func TestScreens(t *testing.T) {
	if os.Getenv("CI") == "" && !keeps() {
		t.Skip("takes some seconds; to run it, set CI=1 or -artifacts")
	}
	mapRegion(t)
	url := serve(t, newBusy(t))
	for name, args := range map[string][]string{
		"light": {"--window-size=1280,3000", "--blink-settings=preferredColorScheme=1"},
		"dark":  {"--window-size=1280,3000", "--blink-settings=preferredColorScheme=0"},
		"phone": {"--window-size=390,4400", "--blink-settings=preferredColorScheme=1"},
	} {
		file := artifact(t, name+".png")
		browse(t, url, append(args, "--virtual-time-budget=45000", "--screenshot="+file)...)
		if info, err := os.Stat(file); err != nil || info.Size() < 20<<10 {
			t.Errorf("no picture: %v", err)
		}
		t.Logf("%s: %s", name, file)
	}
}
