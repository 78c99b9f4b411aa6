// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A Depot holds what all caches share of one class: magazines, and the spans
// that blocks are carved from. The zero value is ready for use.
//
//	carved blocks = Σ blocks − idle over its spans
//	              = live + in the depot's magazines + in the caches' magazines
//
// Its lock guards everything in it. A call holds the lock while it exchanges magazines or
// carves blocks, and never while it calls the kernel.
type Depot struct {
	mu     interleave.Mutex
	closed bool

	full  magazines // magazines with blocks, most recently used first
	empty magazines // magazines without blocks

	partial, spent Spans // spans with idle blocks, and without
	idle           int   // idle blocks in all spans
	spans          int

	allocs, requested uint64 // counts of class caches that were unloaded
	exchanges         uint64 // magazines that caches took or put

	// The number of magazines at the bottom of full that no cache has taken since the
	// last tick: the minimum of full.count since then.
	unused int
}

// MaxFull is the largest number of magazines with blocks that a depot keeps. The blocks of
// further magazines go back to their spans. A span whose blocks are all idle is released,
// and other classes can use its memory.
const MaxFull = 32

// TakeFull returns a magazine with blocks. If the depot has none, TakeFull fills an empty
// one from partial spans: spare, or one of its own if spare is 0. If it returns an empty
// magazine, the caller has to add a span. After an error the caller keeps spare.
func (d *Depot) TakeFull(c sizeclass.Class, spare uintptr) (m uintptr, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, vm.ErrClosed
	}
	d.exchanges++
	if m := d.full.pop(); m != 0 {
		d.unused = min(d.unused, d.full.count)
		if spare != 0 {
			d.store(spare)
		}
		return m, nil
	}
	if spare == 0 {
		if spare, err = d.takeEmpty(c); err != nil {
			return 0, err
		}
	}
	d.fill(c, spare)
	return spare, nil
}

// store stores a magazine with the others that have blocks, or have none.
func (d *Depot) store(m uintptr) {
	if magazineAt(m).n == 0 {
		d.empty.push(m)
	} else {
		d.full.push(m)
	}
}

// fill carves blocks from the partial spans into magazine m until it is full.
func (d *Depot) fill(c sizeclass.Class, m uintptr) {
	want := Capacity(c) - magazineAt(m).n
	for want > 0 && d.partial.head != 0 {
		s := d.partial.head
		before := magazineAt(m).n
		carve(s, m, want)
		taken := magazineAt(m).n - before
		want -= taken
		d.idle -= int(taken)
		if SpanAt(s).idle == 0 {
			d.partial.remove(s)
			d.spent.add(s)
		}
	}
}

// TakeEmpty returns a magazine without blocks.
func (d *Depot) TakeEmpty(c sizeclass.Class) (uintptr, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeEmpty(c)
}

// takeEmpty does what TakeEmpty does. The caller holds mu.
func (d *Depot) takeEmpty(c sizeclass.Class) (uintptr, error) {
	if d.closed {
		return 0, vm.ErrClosed
	}
	if m := d.empty.pop(); m != 0 {
		return m, nil
	}
	return newMagazine(c)
}

// Put takes a magazine back. If the depot has enough magazines with blocks, the blocks go
// back to their spans. Put returns the spans that are wholly idle then; the caller releases
// them.
func (d *Depot) Put(c sizeclass.Class, m uintptr) (empty Spans) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchanges++
	switch {
	case d.closed:
		freeMagazine(c, m) // its blocks were unmapped when the allocator was closed
	case magazineAt(m).n == 0 || d.full.count < MaxFull:
		d.store(m)
	default:
		d.uncarve(c, m, &empty)
		d.empty.push(m)
	}
	return empty
}

// uncarve returns the blocks of magazine m to their spans and adds the spans
// that become wholly idle to empty, out of the depot's lists.
func (d *Depot) uncarve(c sizeclass.Class, m uintptr, empty *Spans) {
	mag := magazineAt(m)
	for i := range mag.n {
		s := slotOf(m, i)
		st := raw.At[State](s.state)
		span := pagemap.Get(s.addr)
		if !IsCached(*st) || span == 0 || s.state-statesOf(span) >= uintptr(c.Blocks()) {
			continue // the block was freed twice at the same time, and its other slot was handled
		}
		*st ^= Cached | Idle
		d.giveBack(span, s.state, empty)
	}
	mag.n = 0
}

// giveBack counts a block of span s, whose state is at st, as idle.
func (d *Depot) giveBack(s, st uintptr, empty *Spans) {
	sp := SpanAt(s)
	if sp.idle == 0 {
		d.spent.remove(s)
		d.partial.add(s)
	}
	sp.idle++
	d.idle++
	sp.hint = min(sp.hint, uint32(st-statesOf(s))&^7)
	if sp.idle == sp.Blocks {
		d.partial.remove(s)
		d.idle -= int(sp.Blocks)
		d.spans--
		empty.add(s)
	}
}

// AddSpan makes the blocks of a new span available and fills magazine m with the first of
// them. So every span of the depot has a block in use. A span is released when its last
// block comes back, which would not happen to a span without one.
func (d *Depot) AddSpan(s, m uintptr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return vm.ErrClosed
	}
	sp := SpanAt(s)
	d.partial.add(s)
	d.idle += int(sp.Blocks)
	d.spans++
	d.fill(sp.Class, m)
	return nil
}

// Free returns the block at addr to its span, without a magazine. st is the block's state
// byte, which the caller has found live with the size code. Free returns the span if it is
// wholly idle then; the caller releases it. The error is vm.ErrClosed if the depot is
// closed, and its spans with it.
func (d *Depot) Free(addr uintptr, st *State, code uint8) (empty Spans, err error) {
	raceannotate.Release(addr)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return empty, vm.ErrClosed
	}
	d.requested -= uint64(code)
	*st = Idle | Used
	d.giveBack(pagemap.Get(addr), raw.Addr(unsafe.Pointer(st)), &empty)
	return empty, nil
}

// Age returns the blocks of magazines that no cache has taken since the last tick to their
// spans, and frees the empty magazines unless keep is set. If all is set, it does so with
// all magazines. The caller releases the spans that Age returns.
func (d *Depot) Age(c sizeclass.Class, all, keep bool) (empty Spans) {
	d.mu.Lock()
	defer d.mu.Unlock()
	used := d.full.count - d.unused
	if all {
		used = 0
	}
	unused := d.full.cut(used)
	for m := unused.pop(); m != 0; m = unused.pop() {
		d.uncarve(c, m, &empty)
		d.empty.push(m)
	}
	d.unused = d.full.count
	for !keep && d.empty.count > 0 {
		freeMagazine(c, d.empty.pop())
	}
	return empty
}

// HasMagazines reports whether the depot has magazines, whose blocks and, unless keep is
// set, own memory Age can give back.
func (d *Depot) HasMagazines(keep bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full.count > 0 || !keep && d.empty.count > 0
}

// Close frees all magazines and span descriptors. The caller unmaps the pages of the spans
// and the guard pages after them. splits is the number of guard pages that had split their
// mappings. After Close, calls that need the depot's memory return vm.ErrClosed.
func (d *Depot) Close(c sizeclass.Class) (splits int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, l := range []*magazines{&d.full, &d.empty} {
		for m := l.pop(); m != 0; m = l.pop() {
			freeMagazine(c, m)
		}
	}
	for _, l := range []*Spans{&d.partial, &d.spent} {
		for s := l.head; s != 0; s = l.head {
			l.remove(s)
			if SpanAt(s).Split {
				splits++
			}
			FreeSpan(c, s)
		}
	}
	d.idle, d.spans = 0, 0
	return splits
}

// Account adds the counts of a class cache that was unloaded, or a change in the size codes
// of live blocks.
func (d *Depot) Account(allocs, requested uint64) {
	d.mu.Lock()
	d.allocs += allocs
	d.requested += requested
	d.mu.Unlock()
}

// Acquire acquires the depot's lock and returns a function that releases it. Tests use it to
// show which operations need no lock.
func (d *Depot) Acquire() (release func()) {
	d.mu.Lock()
	return d.mu.Unlock
}

// Counts are a depot's numbers.
type Counts struct {
	Spans, Idle, InDepot int    // spans, idle blocks in them, blocks in the depot's magazines
	Allocs, Requested    uint64 // counts of class caches that were unloaded
	Exchanges            uint64 // magazines that caches took or put
}

// Counts returns the depot's numbers.
func (d *Depot) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Counts{d.spans, d.idle, d.full.blocks, d.allocs, d.requested, d.exchanges}
}
