// SPDX-License-Identifier: Apache-2.0

package stats

import "fmt"

// An Advice describes a conspicuous number of a snapshot and recommends an action. Both
// texts are complete sentences.
type Advice struct {
	Urgent bool // an allocation may fail soon
	What   string
	Do     string
}

// String returns both sentences.
func (a Advice) String() string { return a.What + " " + a.Do }

// minNotable is the smallest number of bytes that advice is given about.
const minNotable = 16 << 20

// Advice returns what is conspicuous in the snapshot, urgent items first. It returns nil
// if nothing is.
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

// significant reports whether part is at least minNotable bytes and at least the given
// percentage of all.
func significant(part, all, percent int64) bool { return part >= minNotable && part*100 >= all*percent }

// percentOf returns part in percent of all, rounded.
func percentOf(part, all int64) int64 { return (part*100 + all/2) / max(all, 1) }

func (s *Snapshot) nearLimit() (Advice, bool) {
	return Advice{
		Urgent: true,
		What:   fmt.Sprintf("The footprint is %s, %d %% of the limit of %s.", Bytes(s.Footprint.Now), percentOf(s.Footprint.Now, s.Limit), Bytes(s.Limit)),
		Do:     "Above the limit, allocations fail with ErrLimit. Free memory (the heap profile shows which code holds it), or raise the limit with SetLimit.",
	}, s.Limit > 0 && s.Footprint.Now*10 >= s.Limit*9
}

func (s *Snapshot) nearMaxMappings() (Advice, bool) {
	return Advice{
		Urgent: true,
		What:   fmt.Sprintf("The process has %d mappings, %d %% of the %d that the kernel allows.", s.Mappings.Now, percentOf(s.Mappings.Now, s.MaxMappings), s.MaxMappings),
		Do:     fmt.Sprintf("Raise the maximum before mmap and munmap fail: sysctl -w vm.max_map_count=%d.", 4*s.MaxMappings),
	}, s.MaxMappings > 0 && s.Mappings.Now >= s.MaxMappings/4*3
}

// fragmented returns advice about free blocks in spans that also have live blocks.
func (s *Snapshot) fragmented() (Advice, bool) {
	m := &s.Memory
	blocks := m.Requested + m.Slack + m.Cached + m.Depot + m.Idle
	worst, size := int64(0), 0
	for i := range s.Classes {
		if idle := s.Classes[i].Idle*int64(s.Classes[i].Size) - s.Classes[i].Purged; idle > worst {
			worst, size = idle, s.Classes[i].Size
		}
	}
	return Advice{
		What: fmt.Sprintf("%s are free blocks in spans that also have live blocks, %d %% of all small blocks. The largest part, %s, is in the class of %d bytes.",
			Bytes(m.Idle), percentOf(m.Idle, blocks), Bytes(worst), size),
		Do: "Only new blocks of the same class can use them. Find the code that keeps a few blocks of each span alive: the heap map shows the spans, and the heap profile shows the stacks.",
	}, significant(m.Idle, blocks, 25)
}

// retaining returns advice about free memory that still occupies RAM.
func (s *Snapshot) retaining() (Advice, bool) {
	kept := s.Memory.LargeDirty + s.Memory.PagesDirty + s.Memory.MetadataDirty
	return Advice{
		What: fmt.Sprintf("%s are free and retained for reuse, %d %% of the footprint.", Bytes(kept), percentOf(kept, s.Memory.Dirty())),
		Do:   "The allocator returns them to the kernel after Options.Decay. To return them now, call Trim. To retain less, lower Options.Decay or Options.Large.RetainBytes.",
	}, significant(kept, s.Memory.Dirty(), 25)
}

// caching returns advice about free blocks in caches and depots.
func (s *Snapshot) caching() (Advice, bool) {
	kept := s.Memory.Cached + s.Memory.Depot
	return Advice{
		What: fmt.Sprintf("%s are free blocks in %d caches and the depots, %d %% of the footprint.", Bytes(kept), s.Caches, percentOf(kept, s.Memory.Dirty())),
		Do:   "The allocator empties a cache that has been idle for a while. It empties a Local's cache when the Local is closed: look for Locals that are never closed.",
	}, significant(kept, s.Memory.Dirty(), 25)
}

// slack returns advice about the cost of rounding sizes up.
func (s *Snapshot) slack() (Advice, bool) {
	lost, asked := s.Memory.Slack+s.Memory.LargeSlack, s.Memory.Requested+s.Memory.LargeRequested
	return Advice{
		What: fmt.Sprintf("Rounding to size classes and pages costs %s, %d %% of the bytes requested.", Bytes(lost), percentOf(lost, asked)),
		Do:   "Request sizes that GoodSize returns, and use every byte.",
	}, significant(lost, asked, 15)
}
