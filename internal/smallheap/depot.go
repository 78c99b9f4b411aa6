// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"sync"
	"unsafe"

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
// Its lock guards everything in it. It is held for an exchange of magazines or a
// carving, never while calling the kernel.
type Depot struct {
	mu     sync.Mutex
	closed bool

	full  magazines // magazines with blocks, most recently used first
	empty magazines // magazines without

	partial, spent Spans // spans with idle blocks, and without
	idle           int   // blocks in them
	spans          int

	allocs, requested uint64 // of class caches that are gone
	exchanges         uint64 // magazines taken by caches or put by them

	// The magazines at the bottom of full that no cache wanted since the last
	// tick: the fewest that there were.
	unwanted int
}

// MaxFull is how many magazines with blocks a depot keeps at most. What comes
// beyond goes back to the spans, where other classes can profit from it.
const MaxFull = 32

// TakeFull returns a magazine with blocks: one from the depot, or an empty one filled
// from partial spans, the spare one if that is not 0. The magazine that it returns is
// empty when a new span is needed. On error the spare one stays with the caller.
func (d *Depot) TakeFull(c sizeclass.Class, spare uintptr) (m uintptr, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, vm.ErrClosed
	}
	d.exchanges++
	if m := d.full.pop(); m != 0 {
		d.unwanted = min(d.unwanted, d.full.count)
		if spare != 0 {
			d.empty.push(spare)
		}
		return m, nil
	}
	if spare == 0 {
		if spare, err = d.takeEmpty(c); err != nil {
			return 0, err
		}
	}
	d.fill(spare, Capacity(c))
	return spare, nil
}

// fill carves up to want blocks from the partial spans into magazine m.
func (d *Depot) fill(m uintptr, want uint32) {
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

// takeEmpty is TakeEmpty for whoever holds mu.
func (d *Depot) takeEmpty(c sizeclass.Class) (uintptr, error) {
	if d.closed {
		return 0, vm.ErrClosed
	}
	if m := d.empty.pop(); m != 0 {
		return m, nil
	}
	return newMagazine(c)
}

// Put takes a magazine back. The spans that become empty because the depot has
// enough already are returned for release.
func (d *Depot) Put(c sizeclass.Class, m uintptr) (empty Spans) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchanges++
	switch {
	case d.closed:
		freeMagazine(c, m) // its blocks went with the allocator
	case magazineAt(m).n == 0:
		d.empty.push(m)
	case d.full.count < MaxFull:
		d.full.push(m)
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
			continue // freed twice at the same time: its other slot decided
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

// AddSpan makes the blocks of a new span available and fills magazine m with the
// first of them: a span is never left without a block in use, for it is when its
// last block comes back that it is released.
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
	d.fill(m, Capacity(sp.Class))
	return nil
}

// Free takes back the block at addr, whose state byte st was found live with the size
// code, without a magazine: it goes to its span, which is returned for release if it is
// wholly idle then. The error is vm.ErrClosed if the span has gone with the depot.
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

// Age returns the magazines that no cache wanted since the last tick, or all,
// to the spans, and frees the empty ones. It returns the spans to release.
func (d *Depot) Age(c sizeclass.Class, all bool) (empty Spans) {
	d.mu.Lock()
	defer d.mu.Unlock()
	keep := d.full.count - d.unwanted
	if all {
		keep = 0
	}
	unwanted := d.full.cut(keep)
	for m := unwanted.pop(); m != 0; m = unwanted.pop() {
		d.uncarve(c, m, &empty)
		d.empty.push(m)
	}
	d.unwanted = d.full.count
	for m := d.empty.pop(); m != 0; m = d.empty.pop() {
		freeMagazine(c, m)
	}
	return empty
}

// HasMagazines reports whether the depot has magazines whose blocks or own memory could
// be given back.
func (d *Depot) HasMagazines() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full.count+d.empty.count > 0
}

// Close frees all magazines and span descriptors. The caller unmaps the pages of the
// spans, and the guard pages after them; splits is how many of these had split their
// mappings. Nothing enters the depot afterwards.
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

// Account counts what a class cache has counted that is gone, or a change in the size
// codes of live blocks.
func (d *Depot) Account(allocs, requested uint64) {
	d.mu.Lock()
	d.allocs += allocs
	d.requested += requested
	d.mu.Unlock()
}

// Hold takes the depot's lock and returns a function that releases it. By this a test shows
// which operations need no lock.
func (d *Depot) Hold() (release func()) {
	d.mu.Lock()
	return d.mu.Unlock
}

// Counts are a depot's numbers.
type Counts struct {
	Spans, Idle, InDepot int    // spans, idle blocks in them, blocks in the depot's magazines
	Allocs, Requested    uint64 // of class caches that are gone
	Exchanges            uint64 // magazines taken by caches or put by them
}

// Counts returns the depot's numbers.
func (d *Depot) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Counts{d.spans, d.idle, d.full.blocks, d.allocs, d.requested, d.exchanges}
}
