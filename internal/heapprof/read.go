// SPDX-License-Identifier: Apache-2.0

package heapprof

import "slices"

// A Line contains the sums of one bucket: one stack, kind, block size and set of labels.
type Line struct {
	PCs                      []uintptr
	Kind                     Kind
	Size                     int    // of a block in bytes; 0: no size class
	Labels                   string // of the goroutine, encoded
	AllocObjects, AllocBytes float64
	LiveObjects, LiveBytes   float64
	PeakObjects, PeakBytes   float64
	Extra                    float64 // sum over the live samples; see Lines
}

// Lines returns the buckets of the table. If beyond is not nil, each line's Extra is
//
//	Σ weight · beyond(address)    over its live samples
//
// No sampled block is freed while beyond examines it. Only samples with a number above since
// count as live.
func (t *Table) Lines(since uint64, beyond func(addr uintptr) float64) []Line {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := make([]Line, 0, t.stacks.nBuckets)
	index := map[uintptr]int{}
	for _, s := range t.stacks.all() {
		pcs := slices.Clone(stackAt(s).pcs())
		for b := stackAt(s).buckets; b != 0; b = bucketAt(b).next {
			k := bucketAt(b)
			index[b] = len(lines)
			l := Line{PCs: pcs, Kind: k.kind, Size: int(k.size), Labels: textOf(k.labels),
				AllocObjects: k.allocObjects, AllocBytes: k.allocBytes,
				PeakObjects: k.peakObjects, PeakBytes: k.peakBytes}
			if since == 0 {
				l.LiveObjects, l.LiveBytes = k.liveObjects, k.liveBytes
			}
			lines = append(lines, l)
		}
	}
	if since == 0 && beyond == nil {
		return lines
	}
	t.records.Each(func(at uintptr) {
		r := recordAt(at)
		l := &lines[index[r.bucket]]
		if since > 0 && r.seq > since {
			l.LiveObjects += r.weight
			l.LiveBytes += r.weight * float64(r.size)
		}
		if beyond != nil {
			l.Extra += r.weight * beyond(r.Addr)
		}
	})
	return lines
}
