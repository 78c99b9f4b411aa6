// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/stats"
	"github.com/ashlar-go/ashlar/stats/web"
)

// ask sends a request to a handler, with headers given as "Name: value".
func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestPrefix: the handler works below any path.
func TestPrefix(t *testing.T) {
	h := web.Handler(example)
	deep, stripped := http.NewServeMux(), http.NewServeMux()
	deep.Handle("/a/b/", h)
	stripped.Handle("/a/b/", http.StripPrefix("/a/b", h))
	for name, mounted := range map[string]http.Handler{"whole path": deep, "stripped": stripped} {
		for _, file := range []string{"", "metrics", "snapshot.json", "snapshot.txt", "live.json", "heapmap.json",
			"page.css", "page.js", "chart.js", "heapmap.js", "units.js"} {
			if w := ask(mounted, "GET", "/a/b/"+file); w.Code != 200 || w.Body.Len() == 0 {
				t.Errorf("%s: %q: %d", name, file, w.Code)
			}
		}
		if w := ask(mounted, "GET", "/a/b/nothing"); w.Code != 404 {
			t.Errorf("%s: a path that does not exist: %d", name, w.Code)
		}
	}
	w := ask(http.StripPrefix("/a/b", h), "GET", "/a/b")
	if w.Code != 301 || w.Header().Get("Location") != "b/" {
		t.Errorf("without the slash: %d to %q", w.Code, w.Header().Get("Location"))
	}
}

// TestReadOnly: the handler answers only GET and HEAD. Its headers forbid framing the
// page, loading anything from elsewhere, and guessing the content type.
func TestReadOnly(t *testing.T) {
	h := web.Handler(example)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		if w := ask(h, method, "/"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	header := ask(h, "GET", "/").Header()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if policy := header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q", policy)
	}
}

// TestEscaping: the page shows the name as text, even if it contains markup.
func TestEscaping(t *testing.T) {
	named := *example
	named.s.Name = "<script>x"
	body := ask(web.Handler(&named), "GET", "/").Body.String()
	if strings.Contains(body, "<script>x") || !strings.Contains(body, "&lt;script&gt;x") {
		t.Error("the page does not escape the name")
	}
}

func TestNegotiation(t *testing.T) {
	h := web.Handler(example)
	for accept, open := range map[string]bool{
		"":    false,
		"*/*": false,
		"text/html,application/xhtml+xml,*/*;q=0.8":                                                      false,
		"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5":                      true,
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;q=0.4,*/*;q=1": true,
		"application/openmetrics-text;version=2.0.0":                                                     false,
		"application/openmetrics-text;q=0":                                                               false,
		"application/openmetrics-text;q=0.1,text/plain":                                                  false,
		"application/openmetrics-text;;;,":                                                               false,
	} {
		w := ask(h, "GET", "/metrics", "Accept: "+accept)
		want := stats.Prometheus
		if open {
			want = stats.OpenMetrics
		}
		if got := w.Header().Get("Content-Type"); got != want.ContentType() {
			t.Errorf("Accept %q: %s", accept, got)
		}
		if end := strings.HasSuffix(w.Body.String(), "# EOF\n"); end != open {
			t.Errorf("Accept %q: ends with # EOF: %v", accept, end)
		}
	}
}

// TestSnapshots: the JSON contains the snapshot, or with ?seconds= a difference.
func TestSnapshots(t *testing.T) {
	source := &growing{}
	h := web.Handler(source)
	var got stats.Snapshot
	if err := json.Unmarshal(ask(h, "GET", "/snapshot.json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if want := (stats.Snapshot{Footprint: stats.Gauge{Now: 1000, Peak: 1000}, Classes: []stats.Class{{Size: 16, Live: 1}}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := json.Unmarshal(ask(h, "GET", "/snapshot.json?seconds=0.01").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Footprint.Now != 1000 || got.Classes[0].Live != 1 {
		t.Errorf("change %+v", got)
	}
	if text := ask(h, "GET", "/snapshot.txt").Body.String(); !strings.HasPrefix(text, "ashlar: memory at ") {
		t.Errorf("text %q", text)
	}
	for _, bad := range []string{"x", "-1", "301", "NaN", "Inf"} {
		if w := ask(h, "GET", "/snapshot.txt?seconds="+bad); w.Code != 400 {
			t.Errorf("seconds=%s: %d", bad, w.Code)
		}
	}
	for _, bad := range []string{"x", "-1", "257"} {
		if w := ask(web.Handler(example), "GET", "/heapmap.json?chunks="+bad); w.Code != 400 {
			t.Errorf("chunks=%s: %d", bad, w.Code)
		}
	}
}

// growing is a source whose numbers grow with each snapshot.
type growing struct{ n int64 }

func (g *growing) Stats() stats.Snapshot {
	g.n++
	return stats.Snapshot{Footprint: stats.Gauge{Now: 1000 * g.n, Peak: 1000 * g.n}, Classes: []stats.Class{{Size: 16, Live: g.n}}}
}

// controlled is a source that records the calls of its methods.
type controlled struct {
	minimal
	did string
}

func (c *controlled) Trim() int64 { c.did += "trim "; return 3 << 20 }

func (c *controlled) SetLimit(n int64) error {
	if n < 0 {
		return errors.New("too low")
	}
	c.did += fmt.Sprintf("limit %d ", n)
	return nil
}

func (c *controlled) Profile() stats.HeapProfile { return rated{c: c} }
func (c *controlled) Inspect() stats.Inspector   { return unknown{} }

// rated is a heap profile with a rate that can be set.
type rated struct {
	stats.HeapProfile // methods that the test does not call
	c                 *controlled
}

func (r rated) SetRate(n int) { r.c.did += fmt.Sprintf("rate %d ", n) }
func (r rated) Rate() int     { return 4096 }

func TestControls(t *testing.T) {
	for name, c := range map[string]struct {
		method, target string
		headers        []string
		code           int
		did            string
	}{
		"trim":                   {"POST", "/x/trim", nil, 200, "trim "},
		"limit":                  {"POST", "/x/limit?bytes=1000", nil, 200, "limit 1000 "},
		"sampling":               {"POST", "/x/sampling?rate=524288", nil, 200, "rate 524288 "},
		"from the page's site":   {"POST", "/x/trim", []string{"Sec-Fetch-Site: same-origin"}, 200, "trim "},
		"from another site":      {"POST", "/x/trim", []string{"Sec-Fetch-Site: cross-site"}, 403, ""},
		"from a sibling site":    {"POST", "/x/trim", []string{"Sec-Fetch-Site: same-site"}, 403, ""},
		"from an old browser":    {"POST", "/x/trim", []string{"Origin: https://evil.example"}, 403, ""},
		"by a link":              {"GET", "/x/trim", nil, 405, ""},
		"without a number":       {"POST", "/x/limit", nil, 400, ""},
		"with an invalid number": {"POST", "/x/limit?bytes=-1", nil, 400, ""},
		"sampling off":           {"POST", "/x/sampling?rate=-1", nil, 200, "rate -1 "},
		"unknown action":         {"POST", "/x/explode", nil, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			source := &controlled{}
			if w := ask(web.Controls(source), c.method, c.target, c.headers...); w.Code != c.code || source.did != c.did {
				t.Errorf("%d, did %q; want %d, %q", w.Code, source.did, c.code, c.did)
			}
			for _, target := range []string{"trim", "limit?bytes=1", "sampling?rate=1"} {
				ask(web.Handler(source), "POST", "/x/"+target)
				ask(web.Handler(source), "GET", "/x/"+target)
			}
			if source.did != c.did {
				t.Errorf("the read-only handler did %q", source.did)
			}
		})
	}
	if w := ask(web.Controls(minimal{}), "POST", "/trim"); w.Code != 404 {
		t.Errorf("a source without these methods: %d", w.Code)
	}
}

// profiled is a source with a heap profile.
type profiled struct {
	growing
	stats.HeapProfile // methods that the test does not call
	fail              error
}

func (p *profiled) Profile() stats.HeapProfile { return p }

func (p *profiled) Write(w io.Writer) error {
	p.n++
	fmt.Fprintf(w, "profile %d", p.n)
	return p.fail
}

func (p *profiled) Publish(string) {}

func (p *profiled) Stacks(int, uint64) stats.Stacks {
	return stats.Stacks{Rate: 512 << 10, Bytes: 4 << 20, Top: []stats.Stack{{Bytes: 3 << 20, Objects: 1500, Frames: []string{
		"example.com/app/store.(*Cache[...]).load /src/app/store/cache.go:70", "main.main main.go:7"}}}}
}

func (p *profiled) WriteSince(w io.Writer, earlier io.Reader) error {
	was, err := io.ReadAll(earlier)
	fmt.Fprintf(w, "since %s", was)
	return err
}

func TestProfile(t *testing.T) {
	for name, c := range map[string]struct {
		source stats.Source
		target string
		code   int
		body   string
	}{
		"whole":            {&profiled{}, "/profile", 200, "profile 1"},
		"change":           {&profiled{}, "/profile?seconds=0.01", 200, "since profile 1"},
		"too long":         {&profiled{}, "/profile?seconds=1000", 400, "from 0 to 300"},
		"failing":          {&profiled{fail: io.ErrUnexpectedEOF}, "/profile", 500, "unexpected EOF\n"},
		"none":             {minimal{}, "/profile", 404, "not found"},
		"stacks":           {&profiled{}, "/stacks.json", 200, `{"Rate":524288,"Bytes":4194304,"Top":[{"Bytes":3145728,`},
		"stacks, not had ": {minimal{}, "/stacks.json", 404, "not found"},
	} {
		w := ask(web.Handler(c.source), "GET", c.target)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s: %d %q, want %d %q", name, w.Code, w.Body, c.code, c.body)
		}
	}
}

// TestAllocator: an Allocator has all the optional methods of a source.
func TestAllocator(t *testing.T) {
	a, err := alloc.NewAllocator(alloc.Options{ProfileRate: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p, err := a.Malloc(1000)
	if err != nil {
		t.Skip(err)
	}
	defer a.Free(p)
	h, controls := web.Handler(a), web.Controls(a)
	for _, target := range []string{"/", "/heapmap.json", "/process.json", "/stacks.json", "/profile", "/profile?seconds=0.01"} {
		if w := ask(h, "GET", target); w.Code != 200 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if body := ask(h, "GET", "/stacks.json").Body.String(); !strings.Contains(body, "TestAllocator") {
		t.Errorf("stacks %s", body)
	}
	for _, target := range []string{"/trim", "/limit?bytes=1000000000", "/sampling?rate=4096"} {
		if w := ask(controls, "POST", target); w.Code != 200 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if s := a.Stats(); s.Limit != 1e9 || a.Profile().Rate() != 4096 {
		t.Errorf("limit %d, rate %d after they were set", s.Limit, a.Profile().Rate())
	}
}

// TestProcessFails: if the kernel's numbers cannot be read, the page gets an error.
func TestProcessFails(t *testing.T) {
	if w := ask(web.Handler(&controlled{}), "GET", "/process.json"); w.Code != 501 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
