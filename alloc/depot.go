package alloc

import (
	"sync"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A depot holds what all caches share of one class: magazines, and the spans
// that blocks are carved from.
//
//	carved blocks = Σ blocks − idle over its spans
//	              = live + in the depot's magazines + in the caches' magazines
//
// Its lock guards everything in it. It is held for an exchange of magazines or a
// carving, never while calling the kernel.
type depot struct {
	mu     sync.Mutex
	closed bool

	full  magazines // magazines with blocks, most recently used first
	empty magazines // magazines without

	partial, spent spanList // spans with idle blocks, and without
	idle           int      // blocks in them
	spans          int

	allocs, codes uint64 // of racks that are gone
	exchanges     uint64 // magazines taken by caches or put by them

	// The magazines at the bottom of full that no cache wanted since the last
	// beat: the fewest that there were.
	unwanted int
}

// magazines is a stack of magazines.
type magazines struct {
	top    uintptr
	count  int
	blocks int
}

func (l *magazines) push(m uintptr) {
	magazineAt(m).next = l.top
	l.top = m
	l.count++
	l.blocks += int(magazineAt(m).n)
}

func (l *magazines) pop() uintptr {
	m := l.top
	if m != 0 {
		l.top = magazineAt(m).next
		l.count--
		l.blocks -= int(magazineAt(m).n)
	}
	return m
}

// cut keeps the topmost magazines, so many, and returns the others.
func (l *magazines) cut(keep int) (rest magazines) {
	var top magazines
	for range keep {
		top.push(l.pop())
	}
	rest, *l = *l, magazines{}
	for range keep {
		l.push(top.pop())
	}
	return rest
}

// depotFull is how many magazines with blocks a depot keeps at most. What comes
// beyond goes back to the spans, where other classes can profit from it.
const depotFull = 32

// takeFull returns a magazine with blocks: one from the depot, or an empty one
// (that in hand, if there is one) filled from partial spans. The magazine that it
// returns is empty when a new span is needed.
func (d *depot) takeFull(c sizeclass.Class, hand uintptr) (m uintptr, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, vm.ErrClosed
	}
	d.exchanges++
	if m := d.full.pop(); m != 0 {
		d.unwanted = min(d.unwanted, d.full.count)
		if hand != 0 {
			d.empty.push(hand)
		}
		return m, nil
	}
	if hand == 0 {
		if hand, err = d.takeEmptyLocked(c); err != nil {
			return 0, err
		}
	}
	d.fill(hand, capacity(c))
	return hand, nil
}

// fill carves up to want blocks from the partial spans into magazine m.
func (d *depot) fill(m uintptr, want uint32) {
	for want > 0 && d.partial.head != 0 {
		s := d.partial.head
		before := magazineAt(m).n
		carve(s, m, want)
		taken := magazineAt(m).n - before
		want -= taken
		d.idle -= int(taken)
		if spanAt(s).idle == 0 {
			d.partial.remove(s)
			d.spent.add(s)
		}
	}
}

// takeEmpty returns a magazine without blocks.
func (d *depot) takeEmpty(c sizeclass.Class) (uintptr, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeEmptyLocked(c)
}

func (d *depot) takeEmptyLocked(c sizeclass.Class) (uintptr, error) {
	if d.closed {
		return 0, vm.ErrClosed
	}
	if m := d.empty.pop(); m != 0 {
		return m, nil
	}
	return newMagazine(c)
}

// put takes a magazine back. The spans that become empty because the depot has
// enough already are returned for release.
func (d *depot) put(c sizeclass.Class, m uintptr) (empty spanList) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchanges++
	switch {
	case d.closed:
		freeMagazine(c, m) // its blocks went with the allocator
	case magazineAt(m).n == 0:
		d.empty.push(m)
	case d.full.count < depotFull:
		d.full.push(m)
	default:
		d.uncarve(c, m, &empty)
		d.empty.push(m)
	}
	return empty
}

// uncarve returns the blocks of magazine m to their spans and adds the spans
// that become wholly idle to empty, out of the depot's lists.
func (d *depot) uncarve(c sizeclass.Class, m uintptr, empty *spanList) {
	mag := magazineAt(m)
	for i := range mag.n {
		s := slotOf(m, i)
		st := raw.At[state](s.state)
		span := pagemap.Get(s.addr)
		if !isCached(*st) || span == 0 || s.state-statesOf(span) >= uintptr(c.Blocks()) {
			continue // freed twice at the same time: its other slot decided
		}
		*st ^= cached | idle
		d.giveBack(span, s.state, empty)
	}
	mag.n = 0
}

// giveBack counts a block of span s, whose state is at st, as idle.
func (d *depot) giveBack(s, st uintptr, empty *spanList) {
	sp := spanAt(s)
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

// addSpan makes the blocks of a new span available and fills magazine m with the
// first of them: a span is never left without a block in use, for it is when its
// last block comes back that it is released.
func (d *depot) addSpan(s, m uintptr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return vm.ErrClosed
	}
	sp := spanAt(s)
	d.partial.add(s)
	d.idle += int(sp.Blocks)
	d.spans++
	d.fill(m, capacity(sp.Class))
	return nil
}

// age returns the magazines that no cache wanted since the last beat, or all,
// to the spans, and frees the empty ones. It returns the spans to release.
func (d *depot) age(c sizeclass.Class, all bool) (empty spanList) {
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

// holds reports whether the depot has magazines whose blocks or own memory could
// be given back.
func (d *depot) holds() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full.count+d.empty.count > 0
}

// close frees all magazines and span descriptors; the pages behind the spans are
// the caller's to unmap, and so are the guards behind them, of which splits says how many
// had split their mappings. Nothing enters the depot afterwards.
func (d *depot) close(c sizeclass.Class) (splits int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, l := range []*magazines{&d.full, &d.empty} {
		for m := l.pop(); m != 0; m = l.pop() {
			freeMagazine(c, m)
		}
	}
	for _, l := range []*spanList{&d.partial, &d.spent} {
		for s := l.head; s != 0; s = l.head {
			l.remove(s)
			if spanAt(s).split {
				splits++
			}
			freeSpan(c, s)
		}
	}
	d.idle, d.spans = 0, 0
	return splits
}

// spanList is a doubly linked list of spans.
type spanList struct{ head uintptr }

func (l *spanList) add(s uintptr) {
	sp := spanAt(s)
	sp.next, sp.prev = l.head, 0
	if l.head != 0 {
		spanAt(l.head).prev = s
	}
	l.head = s
}

func (l *spanList) remove(s uintptr) {
	sp := spanAt(s)
	if sp.prev != 0 {
		spanAt(sp.prev).next = sp.next
	} else {
		l.head = sp.next
	}
	if sp.next != 0 {
		spanAt(sp.next).prev = sp.prev
	}
}
