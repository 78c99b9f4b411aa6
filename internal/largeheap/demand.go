// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/largeobj"
)

// A demand bounds the dirty memory that the heap retains by what the program needed recently.
// The numbers are bytes of whole extents. The shards publish their parts in steps.
//
//	live  = Σ live extents, those in large-object caches included
//	dirty = Σ dirty extents in shards
//	peak  = max recent: the largest live since purgeAge + 1 ticks ago
//	loose = Σ loose of all objects
//
//	live + dirty ≤ 9/8 · peak + minWarm                    when Alloc, Resize and Free return
//	loose ≤ peak / looseShare + minWarm                    when Alloc and Resize return
//
// Only a heap with the default options is bounded so. RetainBytes and the policies Keep and
// Unmap say themselves how much is retained.
type demand struct {
	bounded                  bool // set by Init
	live, dirty, peak, loose atomic.Int64
	recent                   [purgeAge + 1]atomic.Int64 // the largest live since the last tick, between that and the one before, …
}

const (
	// minWarm is how much a heap may retain beyond its recent peak, in bytes.
	minWarm = 1 << 20

	// An object gets an extent of up to maxLoose times what it needs, while all such
	// objects together waste at most 1/looseShare of the peak.
	maxLoose   = 4
	looseShare = 4
)

// isBounded reports whether these options leave it to the heap how much it retains.
func isBounded(o *largeobj.Options) bool { return o.Policy == largeobj.Retain && o.RetainBytes == 0 }

// add adds changes of the live and of the retained dirty bytes.
func (d *demand) add(live, dirty int64) {
	d.dirty.Add(dirty)
	now := d.live.Add(live)
	raise(&d.recent[0], now)
	raise(&d.peak, now)
}

// raise makes m at least n.
func raise(m *atomic.Int64, n int64) {
	for was := m.Load(); n > was && !m.CompareAndSwap(was, n); was = m.Load() {
	}
}

// forget forgets the oldest peak. Every tick calls it. If live rises meanwhile, the next Alloc
// that publishes corrects the peak.
func (d *demand) forget() {
	peak := d.live.Load()
	for i := len(d.recent) - 1; i > 0; i-- {
		n := d.recent[i-1].Load()
		d.recent[i].Store(n)
		peak = max(peak, n)
	}
	d.recent[0].Store(d.live.Load())
	d.peak.Store(peak)
}

// excessive reports whether more dirty memory is retained than the equation allows.
func (d *demand) excessive() bool {
	peak := d.peak.Load()
	return d.bounded && d.live.Load()+d.dirty.Load() > peak+peak/8+minWarm
}

// looseLimit returns the length of the longest extent that a request of need bytes may get
// although it is too long.
func (d *demand) looseLimit(need uintptr) uintptr {
	room := d.peak.Load()/looseShare + minWarm - d.loose.Load()
	if !d.bounded || room <= 0 || need > tooLarge/maxLoose {
		return 0
	}
	return min(maxLoose*need, need+uintptr(room))
}

// loosen counts n bytes of o as loose. o belongs to the caller.
func (d *demand) loosen(o *object, n uintptr) {
	if n != o.loose {
		d.loose.Add(int64(n) - int64(o.loose))
		o.loose = n
	}
}

// cooldown purges the oldest dirty extents until the demand's equation holds.
// It returns how many bytes it gave back.
func (h *Heap) cooldown() (bytes int64) {
	for h.demand.excessive() {
		s, o := h.oldestDirty()
		if o == nil {
			break
		}
		n, err := h.cool(s, o)
		bytes += n
		if err != nil {
			break // a tick tries again
		}
	}
	return bytes
}

// oldestDirty takes the oldest dirty extent out of its shard and returns both, or nil. The
// extent is in transit and belongs to the caller.
func (h *Heap) oldestDirty() (*shard, *object) {
	var from *shard
	oldest := ^uint32(0)
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		if s.oldest != 0 && objectAt(s.oldest).stamp < oldest {
			from, oldest = s, objectAt(s.oldest).stamp
		}
		s.mu.Unlock()
	}
	if from == nil {
		return nil, nil
	}
	return from, from.popOldest(h, oldest)
}
