// SPDX-License-Identifier: Apache-2.0

package pprofile

import (
	"math"
	"runtime"
	"time"

	"github.com/google/pprof/profile"
)

// A Profile is what go tool pprof reads.
type Profile = profile.Profile

// A Site is a place of allocation, for one kind and size of blocks, with what is
// estimated of its blocks from those that were sampled.
type Site struct {
	Frames                   []runtime.Frame   // the innermost first; none: samples that were dropped
	Kind                     string            // "small", "large" or "arena"
	Class                    int               // bytes of a block; 0 if of no size class
	Labels                   map[string]string // of the goroutine (runtime/pprof.Do)
	AllocObjects, AllocBytes float64           // handed out, ever
	InuseObjects, InuseBytes float64           // not freed
}

// DroppedSite is the name under which a profile counts what it had no room for.
const DroppedSite = "(dropped: table full)"

// Heap returns the sites as a profile with the sample types of the Go
// runtime's heap profile, with which it can be merged. rate is the mean of bytes
// between samples.
//
// Labels: "bytes", the size of the block's class; "kind"; "allocator", if name is not
// empty; and those of the site, except for any of these names.
func Heap(name string, sites []Site, rate int) *profile.Profile {
	b := newBuilder(name, rate)
	for _, n := range []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"} {
		unit := "bytes"
		if n == "alloc_objects" || n == "inuse_objects" {
			unit = "count"
		}
		b.p.SampleType = append(b.p.SampleType, &profile.ValueType{Type: n, Unit: unit})
	}
	b.p.DefaultSampleType = "inuse_space"
	for i := range sites {
		s := &sites[i]
		b.add(s, s.AllocObjects, s.AllocBytes, s.InuseObjects, s.InuseBytes)
	}
	return b.p
}

// Fragmentation returns a profile of one value, fragmentation in bytes: what
// beyond gives for each site.
func Fragmentation(name string, sites []Site, beyond []float64, rate int) *profile.Profile {
	b := newBuilder(name, rate)
	b.p.SampleType = []*profile.ValueType{{Type: "fragmentation", Unit: "bytes"}}
	for i := range sites {
		b.add(&sites[i], beyond[i])
	}
	return b.p
}

// A builder makes a profile in which each function and place occurs once.
type builder struct {
	name      string // of the allocator
	p         *profile.Profile
	functions map[[2]string]*profile.Function
	locations map[place]*profile.Location
}

type place struct {
	function, file string
	line           int
}

func newBuilder(name string, rate int) *builder {
	return &builder{
		name: name,
		p: &profile.Profile{
			PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"},
			Period:     int64(rate),
			TimeNanos:  time.Now().UnixNano(),
		},
		functions: map[[2]string]*profile.Function{},
		locations: map[place]*profile.Location{},
	}
}

// add adds a sample unless all of its values are 0.
func (b *builder) add(s *Site, values ...float64) {
	sample := &profile.Sample{Value: make([]int64, len(values))}
	some := false
	for i, v := range values {
		sample.Value[i] = int64(math.Round(v))
		some = some || sample.Value[i] != 0
	}
	if !some {
		return
	}
	if s.Kind != "" {
		sample.Label = map[string][]string{"kind": {s.Kind}}
		for key, value := range s.Labels {
			if key != "kind" {
				sample.Label[key] = []string{value}
			}
		}
		if b.name != "" {
			sample.Label["allocator"] = []string{b.name}
		}
	}
	if s.Class > 0 {
		sample.NumLabel = map[string][]int64{"bytes": {int64(s.Class)}}
		sample.NumUnit = map[string][]string{"bytes": {"bytes"}}
	}
	sample.Location = make([]*profile.Location, 0, max(len(s.Frames), 1))
	for i := range s.Frames {
		f := &s.Frames[i]
		sample.Location = append(sample.Location, b.location(place{f.Function, f.File, f.Line}))
	}
	if len(s.Frames) == 0 {
		sample.Location = append(sample.Location, b.location(place{function: DroppedSite}))
	}
	b.p.Sample = append(b.p.Sample, sample)
}

func (b *builder) location(at place) *profile.Location {
	if l := b.locations[at]; l != nil {
		return l
	}
	key := [2]string{at.function, at.file}
	f := b.functions[key]
	if f == nil {
		f = &profile.Function{ID: uint64(len(b.p.Function) + 1), Name: at.function, SystemName: at.function, Filename: at.file}
		b.functions[key] = f
		b.p.Function = append(b.p.Function, f)
	}
	l := &profile.Location{ID: uint64(len(b.p.Location) + 1), Line: []profile.Line{{Function: f, Line: int64(at.line)}}}
	b.locations[at] = l
	b.p.Location = append(b.p.Location, l)
	return l
}
