// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"slices"
	"strings"
)

// A Metric describes one number of a Snapshot, under a name in the manner of the
// package runtime/metrics: a path and a unit. There is one list of them, from which
// the documentation, the exposition formats and the expvar face are made.
type Metric struct {
	Name        string // "/ashlar/memory/small/requested:bytes"
	Description string
	Cumulative  bool // it only ever grows: a counter
	PerClass    bool // a number for each size class
	PerArena    bool // a number for each of Snapshot.ArenaGroups

	of      func(*Snapshot) int64
	ofClass func(*Class) int64
	ofArena func(*ArenaGroup) int64
}

// Unit returns what follows the colon of the name: "bytes", "blocks", "calls".
func (m *Metric) Unit() string {
	_, unit, _ := strings.Cut(m.Name, ":")
	return unit
}

// Value returns the metric's number in s; of a PerClass or PerArena one the sum over
// all classes or arenas.
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
	default:
		n = m.of(s)
	}
	return n
}

// ClassValue returns the number of a PerClass metric in c.
func (m *Metric) ClassValue(c *Class) int64 { return m.ofClass(c) }

// ArenaValue returns the number of a PerArena metric in g.
func (m *Metric) ArenaValue(g *ArenaGroup) int64 { return m.ofArena(g) }

// Metrics returns the descriptions of all metrics, in the order in which they are
// shown. The package documentation lists them.
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
	return slices.Concat(list, classMetrics, arenaMetrics, otherMetrics)
}

// gauge describes a number that rises and falls.
func gauge(name, description string, of func(*Snapshot) int64) Metric {
	return Metric{Name: "/ashlar/" + name, Description: description, of: of}
}

// counter describes a number that only grows.
func counter(name, description string, of func(*Snapshot) int64) Metric {
	return Metric{Name: "/ashlar/" + name, Description: description, Cumulative: true, of: of}
}

// class describes a number of each size class.
func class(name, description string, cumulative bool, of func(*Class) int64) Metric {
	return Metric{Name: "/ashlar/classes/" + name, Description: description,
		Cumulative: cumulative, PerClass: true, ofClass: of}
}

// arenas describes a number of each group of arenas.
func arenas(name, description string, of func(*ArenaGroup) int64) Metric {
	return Metric{Name: "/ashlar/arenas/" + name, Description: description, PerArena: true, ofArena: of}
}

var totalMetrics = []Metric{
	gauge("footprint/now:bytes", "may occupy RAM; what the limit limits", func(s *Snapshot) int64 { return s.Footprint.Now }),
	gauge("footprint/peak:bytes", "highest footprint so far", func(s *Snapshot) int64 { return s.Footprint.Peak }),
	gauge("footprint/limit:bytes", "limit of the footprint, 0 if there is none", func(s *Snapshot) int64 { return s.Limit }),
	gauge("mapped/now:bytes", "address space held", func(s *Snapshot) int64 { return s.Mapped.Now }),
	gauge("mapped/peak:bytes", "most address space held so far", func(s *Snapshot) int64 { return s.Mapped.Peak }),
	gauge("mappings/now:mappings", "mappings held", func(s *Snapshot) int64 { return s.Mappings.Now }),
	gauge("mappings/peak:mappings", "most mappings held so far", func(s *Snapshot) int64 { return s.Mappings.Peak }),
	gauge("mappings/limit:mappings", "mappings that the kernel lets the process have, 0 if it is not known", func(s *Snapshot) int64 { return s.MaxMappings }),
}

var classMetrics = []Metric{
	class("spans:spans", "runs of pages cut into blocks of the class", false, func(c *Class) int64 { return c.Spans }),
	class("total:blocks", "blocks of these spans", false, func(c *Class) int64 { return c.Blocks }),
	class("live:blocks", "handed out and not freed", false, func(c *Class) int64 { return c.Live }),
	class("cached:blocks", "free, in caches of processors and Locals", false, func(c *Class) int64 { return c.Cached }),
	class("depot:blocks", "free, in the depot's magazines", false, func(c *Class) int64 { return c.InDepot }),
	class("idle:blocks", "free, left in their spans", false, func(c *Class) int64 { return c.Idle }),
	class("quarantined:blocks", "freed, kept from reuse in checked mode", false, func(c *Class) int64 { return c.Quarantined }),
	class("allocs:blocks", "handed out, ever", true, func(c *Class) int64 { return c.Allocs }),
	class("frees:blocks", "taken back, ever", true, func(c *Class) int64 { return c.Frees }),
	class("exchanges:magazines", "magazines taken from the depot or put there, ever", true, func(c *Class) int64 { return c.Exchanges }),
	class("requested:bytes", "asked for, in live blocks", false, func(c *Class) int64 { return c.Requested }),
}

var arenaMetrics = []Metric{
	arenas("count:arenas", "arenas of the name", func(g *ArenaGroup) int64 { return g.Count }),
	arenas("reserved:bytes", "taken from the allocator", func(g *ArenaGroup) int64 { return g.Reserved }),
	arenas("used:bytes", "handed out since the last Reset", func(g *ArenaGroup) int64 { return g.Used }),
	arenas("free:bytes", "to be handed out next", func(g *ArenaGroup) int64 { return g.Free }),
	arenas("waste:bytes", "left behind for alignment and at the ends of chunks", func(g *ArenaGroup) int64 { return g.Waste }),
	arenas("quarantined:bytes", "of earlier rounds, inaccessible", func(g *ArenaGroup) int64 { return g.Quarantined }),
	arenas("peak:bytes", "the most that each ever used, added up", func(g *ArenaGroup) int64 { return g.HighWater }),
	arenas("chunks:chunks", "blocks taken from the allocator", func(g *ArenaGroup) int64 { return g.Chunks }),
	arenas("resets:calls", "resets of the arenas that there are", func(g *ArenaGroup) int64 { return g.Resets }),
}

var otherMetrics = []Metric{
	counter("dropped:arenas", "arenas dropped without Free, found by the collector", func(s *Snapshot) (n int64) {
		for i := range s.Dropped {
			n += s.Dropped[i].Arenas
		}
		return n
	}),
	counter("dropped:bytes", "reserved by the arenas that were dropped", func(s *Snapshot) (n int64) {
		for i := range s.Dropped {
			n += s.Dropped[i].Bytes
		}
		return n
	}),
	gauge("large/live:objects", "live large objects", func(s *Snapshot) int64 { return s.Large.Live }),
	gauge("large/carved:objects", "of these, in shared mappings", func(s *Snapshot) int64 { return s.Large.Carved }),
	gauge("large/retained:objects", "extents of freed objects, retained for reuse", func(s *Snapshot) int64 { return s.Large.Retained }),
	gauge("large/live:bytes", "extents of live large objects", func(s *Snapshot) int64 { return s.Large.Bytes }),
	gauge("metadata/mapped:bytes", "address space for metadata of the whole process", func(s *Snapshot) int64 { return s.Metadata.Mapped }),
	gauge("metadata/footprint:bytes", "metadata of the whole process that may occupy RAM", func(s *Snapshot) int64 { return s.Metadata.Footprint }),
	gauge("profile/rate:bytes", "bytes between two samples of the heap profile, 0 if it is off", func(s *Snapshot) int64 { return s.Profile.Rate }),
	gauge("profile/live:samples", "blocks that are sampled and live", func(s *Snapshot) int64 { return s.Profile.Samples }),
	gauge("profile/stacks:stacks", "stacks that samples were ever taken with", func(s *Snapshot) int64 { return s.Profile.Stacks }),
	counter("profile/dropped:samples", "samples for which there was no room", func(s *Snapshot) int64 { return s.Profile.Dropped }),
	gauge("caches:caches", "caches of processors and of Locals", func(s *Snapshot) int64 { return int64(s.Caches) }),
	gauge("chunks:chunks", "mappings that spans are cut from", func(s *Snapshot) int64 { return int64(s.Chunks) }),
	counter("kernel/mmap:calls", "calls of mmap", func(s *Snapshot) int64 { return s.Kernel.Mmap }),
	counter("kernel/munmap:calls", "calls of munmap", func(s *Snapshot) int64 { return s.Kernel.Munmap }),
	counter("kernel/madvise:calls", "calls of madvise", func(s *Snapshot) int64 { return s.Kernel.Madvise }),
	counter("kernel/mremap:calls", "calls of mremap", func(s *Snapshot) int64 { return s.Kernel.Mremap }),
	counter("kernel/metadata:calls", "kernel calls for metadata of the whole process", func(s *Snapshot) int64 { return s.Kernel.Metadata }),
}
