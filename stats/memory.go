// SPDX-License-Identifier: Apache-2.0

package stats

// A memoryLine describes one field of Memory. The list drives the sums, the
// differences, the dump and the metrics.
type memoryLine struct {
	name   string
	metric string // between "/ashlar/memory/" and ":bytes"
	dirty  bool   // the bytes may occupy RAM: they are part of the footprint
	of     func(*Memory) *int64
	about  string
}

var memoryLines = []memoryLine{
	{"small requested", "small/requested", true, func(m *Memory) *int64 { return &m.Requested }, "in live blocks, as asked for"},
	{"small slack", "small/slack", true, func(m *Memory) *int64 { return &m.Slack }, "in live blocks, rounding to size classes"},
	{"cached", "small/cached", true, func(m *Memory) *int64 { return &m.Cached }, "free blocks in caches of processors and Locals"},
	{"in depots", "small/depots", true, func(m *Memory) *int64 { return &m.Depot }, "free blocks in the depots' magazines"},
	{"idle in spans", "small/idle", true, func(m *Memory) *int64 { return &m.Idle }, "free blocks beside live ones"},
	{"span tails", "small/tails", true, func(m *Memory) *int64 { return &m.Tail }, "behind the last block of each span"},
	{"large requested", "large/requested", true, func(m *Memory) *int64 { return &m.LargeRequested }, "in live objects, as asked for"},
	{"large slack", "large/slack", true, func(m *Memory) *int64 { return &m.LargeSlack }, "headers and rounding to pages"},
	{"quarantined", "quarantined", true, func(m *Memory) *int64 { return &m.Quarantined }, "freed, kept from reuse in checked mode"},
	{"large dirty", "large/dirty", true, func(m *Memory) *int64 { return &m.LargeDirty }, "freed, retained with its RAM"},
	{"large clean", "large/clean", false, func(m *Memory) *int64 { return &m.LargeClean }, "freed, purged, address space retained"},
	{"pages dirty", "pages/dirty", true, func(m *Memory) *int64 { return &m.PagesDirty }, "free pages, retained with their RAM"},
	{"pages clean", "pages/clean", false, func(m *Memory) *int64 { return &m.PagesClean }, "free pages, purged or never used"},
	{"guards", "guards/live", true, func(m *Memory) *int64 { return &m.Guards }, "pages of live guarded blocks"},
	{"guards clean", "guards/clean", false, func(m *Memory) *int64 { return &m.GuardsClean }, "rest of their region, without access"},
	{"unused", "unused", false, func(m *Memory) *int64 { return &m.Unused }, "left over by alignment"},
	{"heap profile", "metadata/profile", true, func(m *Memory) *int64 { return &m.Profile }, "samples and stacks of the heap profile"},
	{"metadata", "metadata/used", true, func(m *Memory) *int64 { return &m.Metadata }, "other own structures, of the whole process"},
	{"metadata dirty", "metadata/dirty", true, func(m *Memory) *int64 { return &m.MetadataDirty }, "free metadata that keeps its RAM"},
	{"metadata clean", "metadata/clean", false, func(m *Memory) *int64 { return &m.MetadataClean }, "address space for metadata"},
}

// Total returns the sum of all fields: the address space held, in bytes.
func (m *Memory) Total() int64 {
	var n int64
	for i := range memoryLines {
		n += *memoryLines[i].of(m)
	}
	return n
}

// Dirty returns the sum of the fields that may occupy RAM, in bytes.
func (m *Memory) Dirty() int64 {
	var n int64
	for i := range memoryLines {
		if memoryLines[i].dirty {
			n += *memoryLines[i].of(m)
		}
	}
	return n
}
