// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/ashlar-go/ashlar/internal/procfs"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
	"github.com/ashlar-go/ashlar/stats"
)

// live is the answer to the page's polls. It is small and built without reflection over
// the snapshot, so that one poll a second costs almost nothing.
type live struct {
	Name    string           `json:"name"`
	Time    int64            `json:"time"` // milliseconds since 1970
	Metrics map[string]int64 `json:"metrics"`
	Classes []classRow       `json:"classes"`
	Arenas  []arenaRow       `json:"arenas"` // the largest
	Tags    []stats.Tag      `json:"tags"`
	Regions []regionRow      `json:"regions"` // the largest
	Process *residentSet     `json:"process,omitempty"`
	Advice  []stats.Advice   `json:"advice"`
}

// A classRow is a size class that has blocks: block size, spans, blocks, live, cached, in
// depot, idle, allocations, requested bytes.
type classRow [9]int64

// An arenaRow is a group of arenas with the same name.
type arenaRow struct {
	Name     string `json:"name"`
	Made     string `json:"made"` // call site, for arenas without a name
	Count    int64  `json:"count"`
	Used     int64  `json:"used"`
	Reserved int64  `json:"reserved"`
	Waste    int64  `json:"waste"`
	Peak     int64  `json:"peak"`
	Resets   int64  `json:"resets"`
}

// A regionRow is a Region of package mmap. Regions belong to the process, not to an
// allocator.
type regionRow struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Len     int    `json:"len"`
	Charged int    `json:"charged"`
	Locked  bool   `json:"locked"`
}

// shown is the maximum number of rows for arenas and for regions.
const shown = 100

type residentSet struct {
	RSS  int64 `json:"rss"`
	Peak int64 `json:"peak"`
	Swap int64 `json:"swap"`
}

func (h *handler) live(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, h.now())
}

func (h *handler) now() *live {
	s := h.source.Stats()
	l := &live{Name: s.Name, Time: s.Time.UnixMilli(), Metrics: make(map[string]int64), Advice: s.Advice()}
	if s.Time.IsZero() {
		l.Time = time.Now().UnixMilli()
	}
	metrics := stats.Metrics()
	for i := range metrics {
		l.Metrics[metrics[i].Name] = metrics[i].Value(&s)
	}
	for i := range s.Classes {
		c := &s.Classes[i]
		if c.Blocks == 0 && c.Allocs == 0 {
			continue
		}
		l.Classes = append(l.Classes, classRow{int64(c.Size), c.Spans, c.Blocks, c.Live, c.Cached, c.InDepot, c.Idle, c.Allocs, c.Requested})
	}
	for _, g := range head(s.ArenaGroups()) {
		l.Arenas = append(l.Arenas, arenaRow{g.Name, g.Made, g.Count, g.Used, g.Reserved, g.Waste, g.HighWater, g.Resets})
	}
	l.Tags = slices.Clone(s.Tags)
	slices.SortStableFunc(l.Tags, func(a, b stats.Tag) int { return cmp.Compare(b.Bytes, a.Bytes) })
	l.Tags = head(l.Tags)
	regions := mmap.Regions()
	slices.SortStableFunc(regions, func(a, b mmap.Info) int { return cmp.Compare(b.Len, a.Len) })
	for _, r := range head(regions) {
		l.Regions = append(l.Regions, regionRow{r.Name, r.Kind.String(), r.Len, r.Charged, r.Locked})
	}
	if status, err := procfs.ReadStatus(procfs.System()); err == nil {
		l.Process = &residentSet{status.RSS, status.PeakRSS, status.Swap}
	}
	return l
}

func head[T any](list []T) []T { return list[:min(len(list), shown)] }

// A chunkRuns is one chunk of the map of the heap. The list contains five numbers for
// each run: use, pages, block size, blocks, idle blocks.
type chunkRuns struct {
	Start       uint64  `json:"start"`
	Pages       int     `json:"pages"`
	Large       bool    `json:"large"`
	Used        int     `json:"used"`
	Dirty       int     `json:"dirty"`
	Clean       int     `json:"clean"`
	LongestFree int     `json:"longestFree"`
	Runs        []int32 `json:"runs"`
}

type chunkList struct {
	PageSize int         `json:"pageSize"`
	Omitted  int         `json:"omitted"`
	Chunks   []chunkRuns `json:"chunks"`
}

func compactMap(m *stats.HeapMap) chunkList {
	list := chunkList{PageSize: m.PageSize, Omitted: m.Omitted, Chunks: []chunkRuns{}}
	for i := range m.Chunks {
		c := &m.Chunks[i]
		pages, free := c.Count()
		row := chunkRuns{
			Start: uint64(c.Start), Pages: c.Pages, Large: c.Large,
			Used:  pages[stats.PageSpan] + pages[stats.PageLarge],
			Dirty: pages[stats.PageDirty], Clean: pages[stats.PageClean], LongestFree: free,
			Runs: make([]int32, 0, 5*len(c.Runs)),
		}
		for _, r := range c.Runs {
			row.Runs = append(row.Runs, int32(r.Use), r.Pages, r.Size, r.Blocks, r.Idle)
		}
		list.Chunks = append(list.Chunks, row)
	}
	return list
}
