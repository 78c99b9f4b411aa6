// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ashlar-go/ashlar/stats"
)

var pageTemplate = template.Must(template.New("page.html").
	Funcs(template.FuncMap{"bytes": stats.Bytes}).ParseFS(assets, "assets/page.html"))

// A pageData is the contents of the page before its scripts run, or without scripts.
type pageData struct {
	Name, Program string
	PID           int
	Go            string
	Now           *live
	Memory        []memoryRow // largest first
	Has           map[string]bool
}

// A memoryRow is a row of the table of memory by use.
type memoryRow struct {
	Metric, Label, About string
	Bytes                int64
}

func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	now := h.now()
	data := pageData{
		Name: now.Name, Program: filepath.Base(os.Args[0]), PID: os.Getpid(), Go: runtime.Version(),
		Now: now, Memory: memoryRows(now), Has: map[string]bool{},
	}
	for name := range h.files {
		data.Has[name] = true
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageTemplate.Execute(w, data) // the client went away
}

func memoryRows(now *live) (rows []memoryRow) {
	for _, m := range stats.Metrics() {
		rest, found := strings.CutPrefix(m.Name, "/ashlar/memory/")
		if !found {
			continue
		}
		path, _, _ := strings.Cut(rest, ":")
		rows = append(rows, memoryRow{m.Name, strings.ReplaceAll(path, "/", " "), m.Description, now.Metrics[m.Name]})
	}
	slices.SortStableFunc(rows, func(a, b memoryRow) int { return int(min(max(b.Bytes-a.Bytes, -1), 1)) })
	return rows
}
