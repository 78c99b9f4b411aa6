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
	// reread is the number of looks between two readings of the system's limit.
	reread = 50
	// pressing is a share of time in percent. If some tasks waited for memory for this
	// share or longer, the Balancer purges retained memory.
	pressing = 10
	// spanBytes is the largest number of bytes that an allocator takes for a small block.
	spanBytes = 256 << 10
	// rest times the duration of a purge or collection is the pause after it. So purging
	// and collecting take at most a tenth of the time, however often allocations fail.
	rest = 10
)

// A chore is an expensive action, with the earliest time of its next run.
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

// look counts all memory and divides the limit again. If size is not 0, an allocation of size
// bytes waits in memory, and is served first. look reports whether there is room for it.
func (b *Balancer) look(memory Memory, size int64) bool {
	if size > 0 { // add the most that rounding to classes, pages and spans costs
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

// balance does the work of look under the lock. warn is set the first time that there is no
// room. Trim of a checked Allocator panics if one of its freed blocks was written to. If the
// program recovers, the Balancer continues to work.
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
		b.count() // the closed members are removed
		granted, closed = b.divide(memory, size)
	}
	fits = granted >= size
	warn = b.unused() < size && !b.warned && size > 0
	b.warned = b.warned || warn
	return b.state, fits, warn
}

// reread adopts the system's limit if it has changed.
func (b *Balancer) reread() {
	b.looks++
	if b.options.Limit > 0 || b.looks%reread != 0 {
		return
	}
	limit, err := b.options.limit(b.group)
	if err != nil {
		return // keep the old limit
	}
	if parts, err := b.options.divide(limit); err == nil {
		b.parts = parts
		b.state.Limit = limit
	}
}

// count reads how much memory every member and the Go heap hold.
func (b *Balancer) count() {
	var total, metadata int64
	for i := range b.members {
		var s stats.Snapshot
		m := &b.members[i]
		s = m.memory.Stats()
		m.footprint = s.Footprint.Now
		m.retained = s.Memory.LargeDirty + s.Memory.PagesDirty + s.Memory.Cached + s.Memory.Depot
		total += m.footprint
		metadata = s.Metadata.Footprint // of the process; the same in every snapshot
	}
	b.state.OffHeap = total + metadata
	use := b.heap.use()
	b.state.GoHeap, b.needed, b.blocks = use.held, use.needed, use.blocks
	if b.peak = max(b.peak, b.state.OffHeap); use.blocks == 0 {
		b.peak = 0
	}
}

// unused returns the bytes of the limit that are not in use. It is negative if the limit is
// exceeded. If the Go heap is below its floor, the whole floor counts as in use.
func (b *Balancer) unused() int64 {
	return b.parts.limit - b.parts.reserve - b.state.OffHeap - max(b.state.GoHeap, b.parts.floor)
}

// pressed reports whether memory is short: less than a sixteenth of the limit is unused, or
// the kernel reports that tasks wait for memory.
func (b *Balancer) pressed() bool {
	if b.unused() < b.parts.limit/16 {
		return true
	}
	p, err := procfs.ReadPressure(b.root, b.group)
	return err == nil && p.Some >= pressing
}

// purge gives the memory back that members retain, if one of them retains enough.
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

// worthTrimming reports whether m retains more than 1/64 of the limit.
func (b *Balancer) worthTrimming(m member) bool { return m.retained > b.parts.limit/64 }

// collectHeap collects the Go heap and gives its free memory back to the kernel.
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

// divide sets the limits. Of the memory that neither side needs, one half is headroom for
// off-heap memory, and the other half is for garbage on the Go heap. The Go heap may hold
// more than its half at first. Then divide lowers its limit, and off-heap memory gets only
// the bytes that are unused now. An allocation of size bytes that waits in memory gets its
// bytes first, and all members share the rest.
//
// divide returns by how many bytes memory may grow now. closed reports that divide removed
// closed members; then the limits must be divided again.
func (b *Balancer) divide(memory Memory, size int64) (granted int64, closed bool) {
	shared := b.parts.limit - b.parts.reserve - b.state.OffHeap
	room := max(shared-max(b.needed, b.parts.floor), 0)
	headroom := room / 2
	if size > 0 {
		headroom = min(room, max(headroom, size))
	}
	kept := max(headroom, b.peak-b.state.OffHeap)
	b.limitHeap(max(shared-kept, b.parts.floor) + b.blocks)
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

// limitHeap sets the Go memory limit, but never above its value before Start. It does nothing
// if the limit changes by less than 1/256 of the budget, because setting it takes time.
func (b *Balancer) limitHeap(limit int64) {
	limit = min(limit, b.before)
	change, little := limit-b.state.GoLimit, b.parts.limit/256
	if change > little || change < -little {
		b.heap.setLimit(limit)
		b.state.GoLimit = limit
	}
}
