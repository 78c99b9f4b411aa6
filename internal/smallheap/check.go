// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A Tally counts the blocks of one class by their states, as the checks of this file find
// them.
type Tally struct {
	Spans, Splits      int // all spans, and those whose guard pages split a mapping
	Idle, Cached, Live int
	Freeing            int                  // blocks on their way from live to cached
	Purged             int64                // bytes of pages given back inside spans
	Requested          uint64               // Σ size codes of live blocks
	Slots              map[uintptr]struct{} // blocks in magazines, by the address of their state
	Closed             bool                 // the depot is closed, and its blocks are unmapped
}

// Check walks the depot's lists, spans and magazines. It returns its counts, and an error
// that says which equation does not hold. The caches may be in use.
func (d *Depot) Check(c sizeclass.Class) (Tally, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := Tally{Slots: map[uintptr]struct{}{}, Closed: d.closed}
	changed := 0
	for bin := range d.lists {
		k, err := d.lists[bin].check(c, &n, uint8(bin))
		if err != nil {
			return n, err
		}
		changed += k
	}
	if err := d.full.check(c, &n, true); err != nil {
		return n, err
	}
	if err := d.empty.check(c, &n, false); err != nil {
		return n, err
	}
	switch {
	case d.spans != n.Spans:
		return n, fmt.Errorf("the depot counts %d spans, its lists have %d", d.spans, n.Spans)
	case d.idle != n.Idle:
		return n, fmt.Errorf("the depot counts %d idle blocks, its spans have %d", d.idle, n.Idle)
	case d.bins.changed != changed:
		return n, fmt.Errorf("the depot counts %d changed spans, its lists have %d", d.bins.changed, changed)
	case d.purged != n.Purged:
		return n, fmt.Errorf("the depot counts %d purged bytes, its spans have %d", d.purged, n.Purged)
	case d.full.count > MaxFull:
		return n, fmt.Errorf("the depot keeps %d magazines, more than %d", d.full.count, MaxFull)
	case d.unused > d.full.count:
		return n, fmt.Errorf("the depot has %d magazines, and counts %d of them as unused", d.full.count, d.unused)
	case d.grown.Load() > maxGrown:
		return n, fmt.Errorf("magazines have grown %d times, more than %d", d.grown.Load(), maxGrown)
	case d.closed && (n.Spans > 0 || d.full.count+d.empty.count > 0):
		return n, fmt.Errorf("the depot is closed, and has %d spans and %d magazines", n.Spans, d.full.count+d.empty.count)
	}
	return n, nil
}

// check checks each span of a list, whether it belongs there, and the links. It returns the
// number of changed spans. In a partial bin they come first.
func (l *Spans) check(c sizeclass.Class, n *Tally, bin uint8) (changed int, err error) {
	prev, before := uintptr(0), true
	for s := l.head; s != 0; prev, s = s, SpanAt(s).next {
		sp := SpanAt(s)
		if sp.prev != prev {
			return 0, fmt.Errorf("the span at %#x is linked back to %#x, not %#x", sp.Base, sp.prev, prev)
		}
		if want, limit := binOf(sp.idle, sp.Blocks); sp.bin != bin || bin != away && (bin != want || sp.limit != limit) {
			return 0, fmt.Errorf("the span at %#x has %d idle blocks and is in bin %d, not %d", sp.Base, sp.idle, sp.bin, bin)
		}
		if sp.changed && bin > 0 && bin < away && !before {
			return 0, fmt.Errorf("the span at %#x is changed, and comes after one that is not", sp.Base)
		}
		if before = sp.changed; before {
			changed++
		}
		if err := checkSpan(s, c, n); err != nil {
			return 0, fmt.Errorf("the span at %#x: %w", sp.Base, err)
		}
		n.Spans++
		if sp.Split {
			n.Splits++
		}
	}
	if l.tail != prev {
		return 0, fmt.Errorf("a list ends with the span at %#x, and says %#x", prev, l.tail)
	}
	return changed, nil
}

// checkSpan checks a span's descriptor, its states and its entries in the page map.
func checkSpan(s uintptr, c sizeclass.Class, n *Tally) error {
	sp, row := SpanAt(s), c.Info()
	if sp.Kind != pagemap.Span || sp.Class != c || sp.Size != row.Size || sp.Blocks != row.Blocks || sp.Magic != row.Magic || sp.Row != PutRow(c) {
		return fmt.Errorf("its header has wrong values: %+v", sp.Header)
	}
	for off := uintptr(0); off < uintptr(row.Span); off += sizeclass.PageSize {
		if got := pagemap.Get(sp.Base + off); got != s {
			return fmt.Errorf("the page map has %#x at %#x, not %#x", got, sp.Base+off, s)
		}
	}
	states := raw.Bytes(statesOf(s), statesSize(c))
	var idle uint32
	for i, st := range states[:row.Blocks] {
		switch {
		case IsIdle(st):
			idle++
			if uint32(i) < sp.hint {
				return fmt.Errorf("block %d is idle, below the hint %d", i, sp.hint)
			}
		case IsCached(st):
			n.Cached++
		case st == Freeing:
			n.Freeing++
		case IsLive(st):
			n.Live++
			n.Requested += uint64(st & CodeMask)
		default:
			return fmt.Errorf("block %d has the invalid state %#x", i, st)
		}
	}
	for i, st := range states[row.Blocks:] {
		if st != 0 {
			return fmt.Errorf("padding %d has the state %#x", i, st)
		}
	}
	if idle != sp.idle || sp.hint%8 != 0 {
		return fmt.Errorf("%d blocks are idle; the span counts %d, and its hint is %d", idle, sp.idle, sp.hint)
	}
	if g := geometryOf(sp); g.idle(s)&sp.purged != sp.purged {
		return fmt.Errorf("the pages %#x are purged, and only %#x are idle", sp.purged, g.idle(s))
	}
	n.Idle += int(idle)
	n.Purged += sp.purgedBytes()
	return nil
}

// check checks the counts of a stack and each of its magazines. full says whether all of
// them must hold blocks or none of them.
func (l *magazines) check(c sizeclass.Class, n *Tally, full bool) error {
	count, blocks := 0, 0
	for m := l.top; m != 0; m = magazineAt(m).next {
		if magazineAt(m).n > 0 != full {
			return fmt.Errorf("a magazine of %d blocks is in the wrong stack", magazineAt(m).n)
		}
		if err := checkMagazine(m, magazineAt(m).n, c, n); err != nil {
			return err
		}
		count++
		blocks += int(magazineAt(m).n)
	}
	if count != l.count || blocks != l.blocks {
		return fmt.Errorf("a stack of %d magazines with %d blocks counts %d with %d", count, blocks, l.count, l.blocks)
	}
	return nil
}

// checkMagazine checks the filled slots of a magazine. Each holds the addresses of a cached
// block and of its state. The block lies in a span of the class, and is in no other slot.
func checkMagazine(m uintptr, filled uint32, c sizeclass.Class, n *Tally) error {
	room, slots := magazineAt(m).room, magazineAt(m).slots
	if filled > room || room > slots || slots > MaxRoom(c) || slotOf(m, room).addr != endMark {
		return fmt.Errorf("a magazine for %d of %d blocks holds %d", room, slots, filled)
	}
	for i := range filled {
		at := slotOf(m, i)
		s := pagemap.Get(at.addr)
		if s == 0 {
			return fmt.Errorf("a slot holds %#x, which is not in a span", at.addr)
		}
		sp := SpanAt(s)
		if k := (at.addr - sp.Base) / uintptr(c.Size()); sp.Class != c || sp.Base+k*uintptr(c.Size()) != at.addr ||
			at.state != statesOf(s)+k {
			return fmt.Errorf("a slot holds %#x with state %#x, in the span at %#x of class %d", at.addr, at.state, sp.Base, sp.Class)
		}
		if st := *raw.At[State](at.state); !IsCached(st) {
			return fmt.Errorf("a slot holds the block at %#x, whose state is %#x", at.addr, st)
		}
		if _, twice := n.Slots[at.state]; twice {
			return fmt.Errorf("two slots hold the block at %#x", at.addr)
		}
		n.Slots[at.state] = struct{}{}
	}
	return nil
}

// Check checks a class cache of class c, its countdown and its magazines. It adds the blocks
// of the magazines to the tally. Nobody may use the class cache meanwhile.
//
//	nextSample ≤ MaxCountdown, nextSample ≤ counted
func (r *ClassCache) Check(c sizeclass.Class, n *Tally) error {
	if r.nextSample > MaxCountdown || r.counted < r.nextSample {
		return fmt.Errorf("a class cache counts down %d blocks, at most %d are allowed, and it has counted %d", r.nextSample, MaxCountdown, r.counted)
	}
	if r.previous != 0 {
		if err := checkMagazine(r.previous, magazineAt(r.previous).n, c, n); err != nil {
			return err
		}
	}
	if !r.hasMagazines() {
		if empty := EmptyClassCache(); r.top != empty.top || r.bottom != empty.bottom {
			return fmt.Errorf("a class cache without a loaded magazine has the bounds %#x, %#x", r.bottom, r.top)
		}
		return nil
	}
	if r.top < r.bottom || r.top > r.limit || r.limit-r.bottom != uintptr(magazineAt(r.bottom-slotsStart).room)*slotSize {
		return fmt.Errorf("a class cache has the bounds %#x ≤ %#x ≤ %#x", r.bottom, r.top, r.limit)
	}
	return checkMagazine(r.bottom-slotsStart, uint32((r.top-r.bottom)/slotSize), c, n)
}
