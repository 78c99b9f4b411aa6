// SPDX-License-Identifier: Apache-2.0

package stats

import "fmt"

// An Advice is something that stands out in a snapshot, and what can be done about
// it. Both are sentences for people.
type Advice struct {
	Urgent bool // an allocation may fail soon
	What   string
	Do     string
}

// String returns both sentences.
func (a Advice) String() string { return a.What + " " + a.Do }

// notable is the least number of bytes that is worth a word.
const notable = 16 << 20

// Advice returns what stands out, the urgent first; nothing if nothing does.
func (s *Snapshot) Advice() (list []Advice) {
	for _, rule := range []func(*Snapshot) (Advice, bool){
		(*Snapshot).nearLimit, (*Snapshot).nearMaxMappings,
		(*Snapshot).fragmented, (*Snapshot).retaining, (*Snapshot).caching, (*Snapshot).slack,
	} {
		if a, found := rule(s); found {
			list = append(list, a)
		}
	}
	return list
}

// stands reports whether part is a notable number of bytes, and at least so many
// percent of all.
func stands(part, all, percent int64) bool { return part >= notable && part*100 >= all*percent }

// percentOf returns part in percent of all, rounded.
func percentOf(part, all int64) int64 { return (part*100 + all/2) / max(all, 1) }

func (s *Snapshot) nearLimit() (Advice, bool) {
	return Advice{
		Urgent: true,
		What:   fmt.Sprintf("The footprint is %s, %d %% of the limit of %s.", Bytes(s.Footprint.Now), percentOf(s.Footprint.Now, s.Limit), Bytes(s.Limit)),
		Do:     "Beyond it allocations fail with ErrLimit: free memory (the heap profile says whose it is), or raise the limit by SetLimit.",
	}, s.Limit > 0 && s.Footprint.Now*10 >= s.Limit*9
}

func (s *Snapshot) nearMaxMappings() (Advice, bool) {
	return Advice{
		Urgent: true,
		What:   fmt.Sprintf("There are %d mappings, %d %% of the %d that the kernel allows.", s.Mappings.Now, percentOf(s.Mappings.Now, s.MaxMappings), s.MaxMappings),
		Do:     fmt.Sprintf("Raise the number, before mmap and munmap fail: sysctl -w vm.max_map_count=%d.", 4*s.MaxMappings),
	}, s.MaxMappings > 0 && s.Mappings.Now >= s.MaxMappings/4*3
}

// fragmented speaks of free blocks that live ones keep in their spans.
func (s *Snapshot) fragmented() (Advice, bool) {
	m := &s.Memory
	blocks := m.Requested + m.Slack + m.Cached + m.Depot + m.Idle
	worst, size := int64(0), 0
	for i := range s.Classes {
		if idle := s.Classes[i].Idle * int64(s.Classes[i].Size); idle > worst {
			worst, size = idle, s.Classes[i].Size
		}
	}
	return Advice{
		What: fmt.Sprintf("%s are free blocks beside live ones, %d %% of all small blocks; most of it, %s, in the class of %d bytes.",
			Bytes(m.Idle), percentOf(m.Idle, blocks), Bytes(worst), size),
		Do: "They serve new blocks of their class only. Find what keeps a few blocks of each span alive: the map of the heap shows the spans, the heap profile the stacks.",
	}, stands(m.Idle, blocks, 25)
}

// retaining speaks of memory that is free and still occupies RAM.
func (s *Snapshot) retaining() (Advice, bool) {
	kept := s.Memory.LargeDirty + s.Memory.PagesDirty + s.Memory.MetadataDirty
	return Advice{
		What: fmt.Sprintf("%s are free and retained for reuse, %d %% of the footprint.", Bytes(kept), percentOf(kept, s.Memory.Dirty())),
		Do:   "They go back to the kernel with age; Trim gives them back at once, Options.Decay and Options.Large.RetainBytes bound them.",
	}, stands(kept, s.Memory.Dirty(), 25)
}

// caching speaks of blocks in caches and depots.
func (s *Snapshot) caching() (Advice, bool) {
	kept := s.Memory.Cached + s.Memory.Depot
	return Advice{
		What: fmt.Sprintf("%s are free blocks in %d caches and the depots, %d %% of the footprint.", Bytes(kept), s.Caches, percentOf(kept, s.Memory.Dirty())),
		Do:   "Idle caches are emptied with age; those of Locals when they are closed: look for Locals that are not.",
	}, stands(kept, s.Memory.Dirty(), 25)
}

// slack speaks of what rounding costs.
func (s *Snapshot) slack() (Advice, bool) {
	lost, asked := s.Memory.Slack+s.Memory.LargeSlack, s.Memory.Requested+s.Memory.LargeRequested
	return Advice{
		What: fmt.Sprintf("Rounding to size classes and pages costs %s, %d %% of what was asked for.", Bytes(lost), percentOf(lost, asked)),
		Do:   "Ask for sizes that GoodSize returns, and use all of them.",
	}, stands(lost, asked, 15)
}
