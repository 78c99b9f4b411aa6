// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"slices"
	"strings"
)

// A Metric describes one number of a Snapshot. Its name has the form of those in package
// runtime/metrics: a path and a unit. The documentation, the exposition formats and
// package stats/vars all use this one list.
type Metric struct {
	Name        string // "/ashlar/memory/small/requested:bytes"
	Description string
	Cumulative  bool // a counter: the number never decreases
	PerClass    bool // one number for each size class
	PerArena    bool // one number for each of Snapshot.ArenaGroups
	PerTag      bool // one number for each of Snapshot.Tags

	of      func(*Snapshot) int64
	ofClass func(*Class) int64
	ofArena func(*ArenaGroup) int64
	ofTag   func(*Tag) int64
}

// Unit returns the part of the name after the colon: "bytes", "blocks", "calls".
func (m *Metric) Unit() string {
	_, unit, _ := strings.Cut(m.Name, ":")
	return unit
}

// Value returns the metric's number in s. For a PerClass, PerArena or PerTag metric it
// returns the sum over all classes, arenas or tags.
func (m *Metric) Value(s *Snapshot) (n int64) {
	switch {
	case m.PerClass:
		for i := range s.Classes {
			n += m.ofClass(&s.Classes[i])
		}
	case m.PerArena:
		for i := range s.Arenas {
			n += m.ofArena(&ArenaGroup{Arena: s.Arenas[i], Count: 1})
		}
	case m.PerTag:
		for i := range s.Tags {
			n += m.ofTag(&s.Tags[i])
		}
	default:
		n = m.of(s)
	}
	return n
}

// ClassValue returns the number of a PerClass metric for the class c.
func (m *Metric) ClassValue(c *Class) int64 { return m.ofClass(c) }

// ArenaValue returns the number of a PerArena metric for the group g.
func (m *Metric) ArenaValue(g *ArenaGroup) int64 { return m.ofArena(g) }

// TagValue returns the number of a PerTag metric for the tag t.
func (m *Metric) TagValue(t *Tag) int64 { return m.ofTag(t) }

// Metrics returns the descriptions of all metrics in the order of the documentation. The
// caller may change the slice.
func Metrics() []Metric { return append([]Metric(nil), metricList...) }

var metricList = buildMetrics()

func buildMetrics() []Metric {
	list := append([]Metric(nil), totalMetrics...)
	for i := range memoryLines {
		l := &memoryLines[i]
		list = append(list, Metric{
			Name:        "/ashlar/memory/" + l.metric + ":bytes",
			Description: l.about,
			of:          func(s *Snapshot) int64 { return *l.of(&s.Memory) },
		})
	}
	return slices.Concat(list, classMetrics, arenaMetrics, tagMetrics, otherMetrics)
}

// gauge describes a number that rises and falls.
func gauge(name, description string, of func(*Snapshot) int64) Metric {
	return Metric{Name: "/ashlar/" + name, Description: description, of: of}
}

// counter describes a number that never decreases.
func counter(name, description string, of func(*Snapshot) int64) Metric {
	return Metric{Name: "/ashlar/" + name, Description: description, Cumulative: true, of: of}
}

// class describes a number that each size class has.
func class(name, description string, cumulative bool, of func(*Class) int64) Metric {
	return Metric{Name: "/ashlar/classes/" + name, Description: description,
		Cumulative: cumulative, PerClass: true, ofClass: of}
}

// arenas describes a number that each group of arenas has.
func arenas(name, description string, of func(*ArenaGroup) int64) Metric {
	return Metric{Name: "/ashlar/arenas/" + name, Description: description, PerArena: true, ofArena: of}
}

var totalMetrics = []Metric{
	gauge("footprint/now:bytes", "memory that may occupy RAM; the limit applies to it", func(s *Snapshot) int64 { return s.Footprint.Now }),
	gauge("footprint/peak:bytes", "highest footprint so far", func(s *Snapshot) int64 { return s.Footprint.Peak }),
	gauge("footprint/limit:bytes", "limit of the footprint, 0 if there is none", func(s *Snapshot) int64 { return s.Limit }),
	gauge("mapped/now:bytes", "address space held", func(s *Snapshot) int64 { return s.Mapped.Now }),
	gauge("mapped/peak:bytes", "highest address space held so far", func(s *Snapshot) int64 { return s.Mapped.Peak }),
	gauge("mappings/now:mappings", "mappings held", func(s *Snapshot) int64 { return s.Mappings.Now }),
	gauge("mappings/peak:mappings", "highest number of mappings so far", func(s *Snapshot) int64 { return s.Mappings.Peak }),
	gauge("mappings/limit:mappings", "maximum of mappings that the kernel allows the process, 0 if unknown", func(s *Snapshot) int64 { return s.MaxMappings }),
}

var classMetrics = []Metric{
	class("spans:spans", "runs of pages cut into blocks of the class", false, func(c *Class) int64 { return c.Spans }),
	class("total:blocks", "blocks in these spans", false, func(c *Class) int64 { return c.Blocks }),
	class("live:blocks", "allocated and not yet freed", false, func(c *Class) int64 { return c.Live }),
	class("cached:blocks", "free, in the caches of processors and Locals", false, func(c *Class) int64 { return c.Cached }),
	class("depot:blocks", "free, in the magazines of the depot", false, func(c *Class) int64 { return c.InDepot }),
	class("idle:blocks", "free, in their spans", false, func(c *Class) int64 { return c.Idle }),
	class("purged:bytes", "pages of free blocks, given back to the kernel inside spans", false, func(c *Class) int64 { return c.Purged }),
	class("quarantined:blocks", "freed in checked mode and not yet reusable", false, func(c *Class) int64 { return c.Quarantined }),
	class("allocs:blocks", "allocated, since the start", true, func(c *Class) int64 { return c.Allocs }),
	class("frees:blocks", "freed, since the start", true, func(c *Class) int64 { return c.Frees }),
	class("exchanges:magazines", "magazines taken from the depot or put into it, since the start", true, func(c *Class) int64 { return c.Exchanges }),
	class("requested:bytes", "requested, in live blocks", false, func(c *Class) int64 { return c.Requested }),
}

var arenaMetrics = []Metric{
	arenas("count:arenas", "arenas with this name", func(g *ArenaGroup) int64 { return g.Count }),
	arenas("reserved:bytes", "taken from the allocator", func(g *ArenaGroup) int64 { return g.Reserved }),
	arenas("used:bytes", "allocated since the last Reset", func(g *ArenaGroup) int64 { return g.Used }),
	arenas("free:bytes", "not yet allocated", func(g *ArenaGroup) int64 { return g.Free }),
	arenas("waste:bytes", "lost to alignment and at the ends of chunks", func(g *ArenaGroup) int64 { return g.Waste }),
	arenas("quarantined:bytes", "inaccessible, from before earlier Resets", func(g *ArenaGroup) int64 { return g.Quarantined }),
	arenas("peak:bytes", "sum of the highest use of each arena", func(g *ArenaGroup) int64 { return g.HighWater }),
	arenas("chunks:chunks", "blocks taken from the allocator", func(g *ArenaGroup) int64 { return g.Chunks }),
	arenas("resets:calls", "resets of the live arenas", func(g *ArenaGroup) int64 { return g.Resets }),
}

// tags describes a number of each tag.
func tags(name, description string, of func(*Tag) int64) Metric {
	return Metric{Name: "/ashlar/tags/" + name, Description: description, PerTag: true, ofTag: of}
}

var tagMetrics = []Metric{
	tags("live:blocks", "live blocks of the tag", func(t *Tag) int64 { return t.Blocks }),
	tags("live:bytes", "requested bytes in live blocks of the tag", func(t *Tag) int64 { return t.Bytes }),
}

var otherMetrics = []Metric{
	counter("dropped:arenas", "arenas dropped without Free, found by the garbage collector", func(s *Snapshot) (n int64) {
		for i := range s.Dropped {
			n += s.Dropped[i].Arenas
		}
		return n
	}),
	counter("dropped:bytes", "reserved bytes of the dropped arenas", func(s *Snapshot) (n int64) {
		for i := range s.Dropped {
			n += s.Dropped[i].Bytes
		}
		return n
	}),
	counter("lost:blocks", "attached blocks whose owners were lost, found by the garbage collector", func(s *Snapshot) (n int64) {
		for i := range s.Lost {
			n += s.Lost[i].Blocks
		}
		return n
	}),
	counter("lost:bytes", "requested bytes of the lost blocks", func(s *Snapshot) (n int64) {
		for i := range s.Lost {
			n += s.Lost[i].Bytes
		}
		return n
	}),
	gauge("large/live:objects", "live large objects", func(s *Snapshot) int64 { return s.Large.Live }),
	gauge("large/carved:objects", "live large objects in shared mappings", func(s *Snapshot) int64 { return s.Large.Carved }),
	gauge("large/retained:objects", "extents of freed objects, retained for reuse", func(s *Snapshot) int64 { return s.Large.Retained }),
	gauge("large/live:bytes", "extents of live large objects", func(s *Snapshot) int64 { return s.Large.Bytes }),
	gauge("metadata/mapped:bytes", "address space for metadata of all allocators in the process", func(s *Snapshot) int64 { return s.Metadata.Mapped }),
	gauge("metadata/footprint:bytes", "metadata of all allocators in the process that may occupy RAM", func(s *Snapshot) int64 { return s.Metadata.Footprint }),
	gauge("profile/rate:bytes", "mean bytes between two samples of the heap profile, 0 if it is off", func(s *Snapshot) int64 { return s.Profile.Rate }),
	gauge("profile/live:samples", "live sampled blocks", func(s *Snapshot) int64 { return s.Profile.Samples }),
	gauge("profile/stacks:stacks", "different stacks that the profile has", func(s *Snapshot) int64 { return s.Profile.Stacks }),
	counter("profile/dropped:samples", "samples lost because the table was full", func(s *Snapshot) int64 { return s.Profile.Dropped }),
	gauge("caches:caches", "caches of processors and Locals", func(s *Snapshot) int64 { return int64(s.Caches) }),
	gauge("chunks:chunks", "mappings that spans are cut from", func(s *Snapshot) int64 { return int64(s.Chunks) }),
	gauge("hugepages/chunks:bytes", "in chunks for which huge pages are in use or may come into use", func(s *Snapshot) int64 { return s.HugePages.Chunks }),
	counter("hugepages/collapsed:bytes", "copied to huge pages on request, since the start", func(s *Snapshot) int64 { return s.HugePages.Collapsed }),
	counter("kernel/mmap:calls", "calls of mmap", func(s *Snapshot) int64 { return s.Kernel.Mmap }),
	counter("kernel/munmap:calls", "calls of munmap", func(s *Snapshot) int64 { return s.Kernel.Munmap }),
	counter("kernel/madvise:calls", "calls of madvise", func(s *Snapshot) int64 { return s.Kernel.Madvise }),
	counter("kernel/mremap:calls", "calls of mremap", func(s *Snapshot) int64 { return s.Kernel.Mremap }),
	counter("kernel/metadata:calls", "kernel calls for metadata of all allocators in the process", func(s *Snapshot) int64 { return s.Kernel.Metadata }),
}
