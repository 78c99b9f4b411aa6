// SPDX-License-Identifier: Apache-2.0

package stats

// A memoryLine describes one field of Memory. The sums, the differences, the text and the
// metrics all use this list.
type memoryLine struct {
	name   string
	metric string // between "/ashlar/memory/" and ":bytes"
	dirty  bool   // the bytes may occupy RAM and are part of the footprint
	of     func(*Memory) *int64
	about  string
}

var memoryLines = []memoryLine{
	{"small requested", "small/requested", true, func(m *Memory) *int64 { return &m.Requested }, "requested, in live blocks"},
	{"small slack", "small/slack", true, func(m *Memory) *int64 { return &m.Slack }, "added to live blocks by rounding to size classes"},
	{"cached", "small/cached", true, func(m *Memory) *int64 { return &m.Cached }, "free blocks in the caches of processors and Locals"},
	{"in depots", "small/depots", true, func(m *Memory) *int64 { return &m.Depot }, "free blocks in the magazines of the depots"},
	{"idle in spans", "small/idle", true, func(m *Memory) *int64 { return &m.Idle }, "free blocks in spans that also have live blocks; they may occupy RAM"},
	{"idle clean", "small/clean", false, func(m *Memory) *int64 { return &m.IdleClean }, "pages of free blocks in such spans, purged"},
	{"span tails", "small/tails", true, func(m *Memory) *int64 { return &m.Tail }, "after the last block of each span"},
	{"large requested", "large/requested", true, func(m *Memory) *int64 { return &m.LargeRequested }, "requested, in live objects"},
	{"large slack", "large/slack", true, func(m *Memory) *int64 { return &m.LargeSlack }, "added to live objects by headers and rounding to pages"},
	{"quarantined", "quarantined", true, func(m *Memory) *int64 { return &m.Quarantined }, "freed in checked mode and not yet reusable"},
	{"large dirty", "large/dirty", true, func(m *Memory) *int64 { return &m.LargeDirty }, "freed objects, retained with their RAM"},
	{"large clean", "large/clean", false, func(m *Memory) *int64 { return &m.LargeClean }, "freed objects, purged; only their address space is retained"},
	{"pages dirty", "pages/dirty", true, func(m *Memory) *int64 { return &m.PagesDirty }, "free pages, retained with their RAM"},
	{"pages clean", "pages/clean", false, func(m *Memory) *int64 { return &m.PagesClean }, "free pages, purged or never used"},
	{"guards", "guards/live", true, func(m *Memory) *int64 { return &m.Guards }, "pages of live guarded blocks"},
	{"guards clean", "guards/clean", false, func(m *Memory) *int64 { return &m.GuardsClean }, "the other pages of the guard pools, inaccessible"},
	{"unused", "unused", false, func(m *Memory) *int64 { return &m.Unused }, "cut off for alignment and not unmapped"},
	{"heap profile", "metadata/profile", true, func(m *Memory) *int64 { return &m.Profile }, "samples and stacks of the heap profile"},
	{"metadata", "metadata/used", true, func(m *Memory) *int64 { return &m.Metadata }, "other structures of all allocators in the process"},
	{"metadata dirty", "metadata/dirty", true, func(m *Memory) *int64 { return &m.MetadataDirty }, "free metadata that still occupies RAM"},
	{"metadata clean", "metadata/clean", false, func(m *Memory) *int64 { return &m.MetadataClean }, "address space reserved for metadata"},
}

// Total returns the sum of all fields: the address space held, in bytes.
func (m *Memory) Total() int64 {
	var n int64
	for i := range memoryLines {
		n += *memoryLines[i].of(m)
	}
	return n
}

// Dirty returns the sum of the fields whose memory may occupy RAM, in bytes.
func (m *Memory) Dirty() int64 {
	var n int64
	for i := range memoryLines {
		if memoryLines[i].dirty {
			n += *memoryLines[i].of(m)
		}
	}
	return n
}
