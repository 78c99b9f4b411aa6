// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"context"
	"log/slog"
	"time"

	"github.com/ashlar-go/ashlar/internal/procfs"
	"github.com/ashlar-go/ashlar/stats"
)

const (
	// reread is how many looks lie between two readings of the control group's limit.
	reread = 50
	// pressing is the share of time, in percent, that some tasks waited for memory,
	// from which on retained memory is given back at once.
	pressing = 10
	// spanBytes is no less than what an allocator takes for a block of any small size.
	spanBytes = 256 << 10
	// rest is how many times longer than the last purge or collection the Balancer
	// waits until the next: a tenth of the time goes into them at most, however often
	// allocations fail.
	rest = 10
)

// A chore is something that must not be done all the time.
type chore struct{ next time.Time }

func (c *chore) due() bool { return !time.Now().Before(c.next) }

func (c *chore) ended(begin time.Time) {
	now := time.Now()
	c.next = now.Add(rest * now.Sub(begin))
}

// look counts everything and divides the limit anew, with room for size bytes more off
// the heap if there is any. It reports whether each member may take that much now.
func (b *Balancer) look(size int64) (madeRoom bool) {
	if size > 0 { // rounding to classes, pages and spans included
		size += size/8 + spanBytes
	}
	b.mu.Lock()
	if b.stopped {
		b.mu.Unlock()
		return false
	}
	b.reread()
	b.count()
	if b.unused() < size || b.pressed() {
		b.purge()
	}
	if b.unused() < size {
		b.collectHeap()
	}
	madeRoom = b.divide(size) >= size
	exhausted := size > 0 && b.unused() < size && !b.warned
	b.warned = b.warned || exhausted
	state := b.state
	b.mu.Unlock()
	if exhausted && b.options.Logger != nil {
		b.options.Logger.LogAttrs(context.Background(), slog.LevelWarn, "ashlar: the memory budget is exhausted",
			slog.Int64("limit", state.Limit), slog.Int64("go_heap", state.GoHeap), slog.Int64("off_heap", state.OffHeap),
			slog.Int64("size", size), slog.String("advice", "allocations fail with ErrLimit: free memory, or raise the limit of the process"))
	}
	return madeRoom
}

// reread takes over a control group's limit that was changed meanwhile.
func (b *Balancer) reread() {
	b.looks++
	if b.options.Limit > 0 || b.looks%reread != 0 {
		return
	}
	limit, err := b.options.limit(b.group)
	if err != nil {
		return // what held until now goes on to hold
	}
	if parts, err := b.options.divide(limit); err == nil {
		b.parts = parts
		b.state.Limit = limit
	}
}

// count asks everyone how much it holds.
func (b *Balancer) count() {
	var total, metadata int64
	for i := range b.members {
		var s stats.Snapshot
		m := &b.members[i]
		m.memory.Stats(&s)
		m.footprint = s.Footprint.Now
		m.retained = s.Memory.LargeDirty + s.Memory.PagesDirty + s.Memory.Cached + s.Memory.Depot
		total += m.footprint
		metadata = s.Metadata.Footprint // the process', whoever says it
	}
	b.state.OffHeap = total + metadata
	b.state.GoHeap, b.needed = b.heap.use()
}

// unused returns the bytes of the limit that nobody holds; negative if it is exceeded.
// What the Go heap lacks to its floor counts as held.
func (b *Balancer) unused() int64 {
	return b.parts.limit - b.parts.reserve - b.state.OffHeap - max(b.state.GoHeap, b.parts.floor)
}

// pressed reports whether memory is short: little of the limit is unused, or the
// kernel says that tasks wait for it.
func (b *Balancer) pressed() bool {
	if b.unused() < b.parts.limit/16 {
		return true
	}
	p, err := procfs.ReadPressure(b.root, b.group)
	return err == nil && p.Some >= pressing
}

// purge gives back what is retained off the heap, if it is worth it.
func (b *Balancer) purge() {
	if !b.purging.due() {
		return
	}
	begin, done := time.Now(), false
	for i := range b.members {
		if m := &b.members[i]; m.retained > b.parts.limit/64 {
			m.memory.Trim()
			done = true
		}
	}
	if done {
		b.purging.ended(begin)
		b.state.Purges++
		b.count()
	}
}

// collectHeap collects the Go heap and returns what is free of it.
func (b *Balancer) collectHeap() {
	if b.state.GoHeap <= b.parts.floor || !b.collecting.due() {
		return
	}
	begin := time.Now()
	b.heap.collect()
	b.collecting.ended(begin)
	b.state.Collects++
	b.count()
}

// divide sets the limits. What neither side needs is halved between headroom off the
// heap and garbage on it. The Go heap may hold more than its half at first: it is told
// its limit, and off-heap memory gets what is there now: each member its share.
func (b *Balancer) divide(size int64) (share int64) {
	shared := b.parts.limit - b.parts.reserve - b.state.OffHeap
	room := max(shared-max(b.needed, b.parts.floor), 0)
	headroom := room / 2
	if size > 0 { // an allocation waits for it
		headroom = min(room, max(headroom, size))
	}
	b.limitHeap(max(shared-headroom, b.parts.floor))
	share = min(headroom, max(b.unused(), 0)) / max(int64(len(b.members)), 1)
	for i := range b.members {
		m := &b.members[i]
		limit := m.footprint + share
		if m.own > 0 {
			limit = min(limit, m.own)
		}
		_ = m.memory.SetLimit(max(limit, 1)) // 0 would be none; what is positive is no error
	}
	return share
}

// limitHeap sets the Go memory limit, unless it is about what it was: setting it is not
// free. It never becomes more than it was before Start.
func (b *Balancer) limitHeap(limit int64) {
	limit = min(limit, b.before)
	change, little := limit-b.state.GoLimit, b.parts.limit/256
	if change > little || change < -little {
		b.heap.setLimit(limit)
		b.state.GoLimit = limit
	}
}
