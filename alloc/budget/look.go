// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
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

// due reports whether the chore may be done. A next that is far away is of another clock:
// that of a bubble of testing/synctest.
func (c *chore) due() bool {
	wait := time.Until(c.next)
	return wait <= 0 || wait > time.Hour
}

func (c *chore) ended(begin time.Time) {
	now := time.Now()
	c.next = now.Add(rest * now.Sub(begin))
}

// look counts everything and divides the limit anew. If size is not 0, an allocation of
// so many bytes waits in memory, and is served first. look reports whether there is room
// for it.
func (b *Balancer) look(memory Memory, size int64) bool {
	if size > 0 { // rounding to classes, pages and spans included
		size += size/8 + spanBytes
	}
	state, fits, warn := b.balance(memory, size)
	if warn && b.options.Logger != nil {
		b.options.Logger.LogAttrs(context.Background(), slog.LevelWarn, "ashlar: the memory budget is exhausted",
			slog.Int64("limit", state.Limit), slog.Int64("go_heap", state.GoHeap), slog.Int64("off_heap", state.OffHeap),
			slog.Int64("size", size), slog.String("advice", "allocations fail with ErrLimit: free memory, or raise the limit of the process"))
	}
	return fits
}

// balance is look under the lock. warn is set the first time that there is no room.
// Trimming a checked Allocator panics if a freed block of it was written to; the Balancer
// goes on to work then, if the panic is recovered from.
func (b *Balancer) balance(memory Memory, size int64) (state State, fits, warn bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return b.state, false, false
	}
	b.reread()
	b.count()
	if b.unused() < size || b.pressed() {
		b.purge()
	}
	if b.unused() < size {
		b.collectHeap()
	}
	granted, closed := b.divide(memory, size)
	for closed {
		b.count() // without those that were closed
		granted, closed = b.divide(memory, size)
	}
	fits = granted >= size
	warn = b.unused() < size && !b.warned && size > 0
	b.warned = b.warned || warn
	return b.state, fits, warn
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
	if !b.purging.due() || !slices.ContainsFunc(b.members, b.worthTrimming) {
		return
	}
	defer b.purging.ended(time.Now())
	b.state.Purges++
	for _, m := range b.members {
		if b.worthTrimming(m) {
			m.memory.Trim()
		}
	}
	b.count()
}

// worthTrimming reports whether so much is retained of m that trimming pays.
func (b *Balancer) worthTrimming(m member) bool { return m.retained > b.parts.limit/64 }

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
// its limit, and off-heap memory gets what is there now. An allocation of size bytes that
// waits in memory gets its bytes first; all members share what is left.
//
// divide returns how much memory may grow now. If members turn out to be closed, they are
// removed, and the limits must be divided again.
func (b *Balancer) divide(memory Memory, size int64) (granted int64, closed bool) {
	shared := b.parts.limit - b.parts.reserve - b.state.OffHeap
	room := max(shared-max(b.needed, b.parts.floor), 0)
	headroom := room / 2
	if size > 0 {
		headroom = min(room, max(headroom, size))
	}
	b.limitHeap(max(shared-headroom, b.parts.floor))
	now := min(headroom, max(b.unused(), 0))
	first := min(size, now)
	share := (now - first) / int64(max(len(b.members), 1))
	before := len(b.members)
	b.members = slices.DeleteFunc(b.members, func(m member) bool {
		limit := m.footprint + share
		if size > 0 && m.memory == memory {
			limit += first
		}
		if m.own > 0 {
			limit = min(limit, m.own)
		}
		if m.memory == memory {
			granted = limit - m.footprint
		}
		return errors.Is(m.memory.SetLimit(max(limit, 1)), alloc.ErrClosed) // 0 would be no limit
	})
	return granted, len(b.members) < before
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
