// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"github.com/ashlar-go/ashlar/internal/addrmap"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A record is a sampled live block, found by its address.
type record struct {
	addrmap.Entry
	bucket uintptr
	size   uintptr
	weight float64
	seq    uint64 // number of the sample
	listed bool   // in the table's Listing
}

func recordAt(at uintptr) *record { return raw.At[record](at) }

// insert adds a record for s to bucket b, if there is room.
func (t *Table) insert(s Sample, b uintptr) bool {
	if t.records.Len() == maxRecords {
		return false
	}
	at := t.records.Add(s.Addr)
	if at == 0 {
		return false
	}
	t.seq++
	r := recordAt(at)
	*r = record{Entry: r.Entry, bucket: b, size: s.Size, weight: s.Weight, seq: t.seq}
	t.enlist(r, s.Stack)
	return true
}
