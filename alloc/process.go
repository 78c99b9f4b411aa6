// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"cmp"
	"slices"
	"time"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/procfs"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// process returns what the kernel reports about the memory of the process and of the
// allocator.
func (a *Allocator) process() (*stats.Process, error) {
	a.init()
	root := procfs.System()
	status, err := procfs.ReadStatus(root)
	if err != nil {
		return nil, err
	}
	p := &stats.Process{Time: time.Now(), RSS: status.RSS, PeakRSS: status.PeakRSS, Swap: status.Swap}
	mine := a.mappings()
	err = procfs.Smaps(root, func(area *procfs.Area) {
		addArea(&p.All, area, 1)
		length := area.End - area.Start
		var covered uintptr
		covered, mine = overlap(mine, area.Start, area.End)
		if covered == 0 {
			return
		}
		share := float64(covered) / float64(length)
		addArea(&p.Ours, area, share)
		if covered < length {
			p.Split += int64(share * float64(area.RSS))
		}
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// mappings returns the mappings of the allocator and of its metadata, sorted by address.
func (a *Allocator) mappings() []vm.Mapping {
	var all []vm.Mapping
	add := func(m vm.Mapping) { all = append(all, m) }
	a.pages.Mappings(add)
	a.large.Mappings(add)
	metadata.Mappings(add)
	pagemap.Mappings(add)
	slices.SortFunc(all, func(m, n vm.Mapping) int { return cmp.Compare(m.Base, n.Base) })
	return all
}

// overlap returns how many bytes of [start, end) lie in mappings, which are sorted. rest are
// the mappings without those that end at or below start.
func overlap(mappings []vm.Mapping, start, end uintptr) (bytes uintptr, rest []vm.Mapping) {
	for len(mappings) > 0 && mappings[0].Base+mappings[0].Size <= start {
		mappings = mappings[1:]
	}
	for _, m := range mappings {
		if m.Base >= end {
			break
		}
		bytes += min(m.Base+m.Size, end) - max(m.Base, start)
	}
	return bytes, mappings
}

// addArea adds a share of an area to a sum.
func addArea(sum *stats.Areas, area *procfs.Area, share float64) {
	part := func(n int64) int64 { return int64(share * float64(n)) }
	sum.Count++
	sum.Mapped += part(int64(area.End - area.Start))
	sum.RSS += part(area.RSS)
	sum.PSS += part(area.PSS)
	sum.Referenced += part(area.Referenced)
	sum.HugePages += part(area.AnonHuge)
	sum.LazyFree += part(area.LazyFree)
	sum.Swap += part(area.Swap)
	sum.Locked += part(area.Locked)
}
