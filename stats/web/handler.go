// SPDX-License-Identifier: Apache-2.0

package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"

	"github.com/ashlar-go/ashlar/stats"
)

// The optional methods of a source; see the package documentation.
type (
	inspected interface{ Inspect() stats.Inspector }
	profiled  interface{ Profile() stats.HeapProfile }
)

// maxInterval and maxChunks bound the values of ?seconds= and ?chunks=, so that one
// request cannot take any amount of time or memory.
const (
	maxInterval = 5 * time.Minute
	maxChunks   = 256
)

//go:embed assets
var assets embed.FS

type handler struct {
	source stats.Source
	files  map[string]func(http.ResponseWriter, *http.Request)
}

// Handler returns a handler that shows source. Mount it below any path that ends in a
// slash. It is safe for concurrent use.
func Handler(source stats.Source) http.Handler {
	h := &handler{source: source}
	h.files = map[string]func(http.ResponseWriter, *http.Request){
		"":              h.page,
		"metrics":       h.metrics,
		"snapshot.txt":  h.text,
		"snapshot.json": h.json,
		"live.json":     h.live,
	}
	if s, ok := source.(inspected); ok {
		h.files["heapmap.json"] = func(w http.ResponseWriter, r *http.Request) { h.heapMap(w, r, s.Inspect()) }
		h.files["process.json"] = func(w http.ResponseWriter, r *http.Request) { h.process(w, r, s.Inspect()) }
	}
	if s, ok := source.(profiled); ok {
		h.files["profile"] = func(w http.ResponseWriter, r *http.Request) { h.profile(w, r, s.Profile()) }
		h.files["stacks.json"] = func(w http.ResponseWriter, r *http.Request) { h.stacks(w, r, s.Profile()) }
	}
	for name, contentType := range map[string]string{
		"page.css": "text/css", "page.js": "text/javascript", "chart.js": "text/javascript",
		"heapmap.js": "text/javascript", "units.js": "text/javascript",
	} {
		h.files[name] = asset(name, contentType)
	}
	return h
}

// ServeHTTP routes by the last element of the path. So the handler works below any
// prefix, stripped or not.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "read only", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == "" { // the prefix is stripped completely: relative links on the page would leave it
		if asked, err := url.ParseRequestURI(r.RequestURI); err == nil {
			header.Set("Location", url.PathEscape(path.Base(asked.Path))+"/") // relative, and so within the prefix
			w.WriteHeader(http.StatusMovedPermanently)
			return
		}
	}
	_, name := path.Split(r.URL.Path)
	serve, found := h.files[name]
	if !found {
		http.NotFound(w, r)
		return
	}
	serve(w, r)
}

func asset(name, contentType string) func(http.ResponseWriter, *http.Request) {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil { // cannot happen: the file is embedded
		panic(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType+"; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(text)
	}
}

// snapshot takes a snapshot. With ?seconds= it takes another one after that time and
// returns the difference. If it has answered the request itself, it returns false.
func (h *handler) snapshot(w http.ResponseWriter, r *http.Request) (*stats.Snapshot, bool) {
	wait, ok := seconds(w, r)
	if !ok {
		return nil, false
	}
	first := h.source.Stats()
	if wait == 0 {
		return &first, true
	}
	if !sleep(r, wait) {
		return nil, false
	}
	second := h.source.Stats()
	return second.Sub(&first), true
}

// seconds returns the value of ?seconds=. If the value is invalid, it answers the request
// and returns false.
func seconds(w http.ResponseWriter, r *http.Request) (time.Duration, bool) {
	text := r.FormValue("seconds")
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseFloat(text, 64)
	wait := time.Duration(n * float64(time.Second))
	if err != nil || !(n >= 0 && n <= maxInterval.Seconds()) { // NaN is refused
		http.Error(w, fmt.Sprintf("seconds: must be a number from 0 to %g", maxInterval.Seconds()), http.StatusBadRequest)
		return 0, false
	}
	return wait, true
}

// sleep waits for d. It returns false if the client goes away.
func sleep(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (h *handler) text(w http.ResponseWriter, r *http.Request) {
	s, ok := h.snapshot(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = s.WriteTo(w)
}

func (h *handler) json(w http.ResponseWriter, r *http.Request) {
	if s, ok := h.snapshot(w, r); ok {
		writeJSON(w, s)
	}
}

func (h *handler) heapMap(w http.ResponseWriter, r *http.Request, source stats.Inspector) {
	chunks := 16
	if text := r.FormValue("chunks"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxChunks {
			http.Error(w, fmt.Sprintf("chunks: must be a number from 0 to %d", maxChunks), http.StatusBadRequest)
			return
		}
		chunks = n
	}
	writeJSON(w, compactMap(source.HeapMap(chunks)))
}

func (h *handler) process(w http.ResponseWriter, r *http.Request, source stats.Inspector) {
	p, err := source.Process()
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotImplemented)
		return
	}
	writeJSON(w, p)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client went away
}
