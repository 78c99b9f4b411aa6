// SPDX-License-Identifier: Apache-2.0

package smallheap

// Spans is a doubly linked list of spans.
type Spans struct{ head, tail uintptr }

// First returns the first span of the list, 0 if there is none.
func (l *Spans) First() uintptr { return l.head }

// Next returns the span after s, 0 if there is none.
func Next(s uintptr) uintptr { return SpanAt(s).next }

// add makes s the first span of the list.
func (l *Spans) add(s uintptr) {
	sp := SpanAt(s)
	sp.next, sp.prev = l.head, 0
	if l.head != 0 {
		SpanAt(l.head).prev = s
	} else {
		l.tail = s
	}
	l.head = s
}

// append makes s the last span of the list.
func (l *Spans) append(s uintptr) {
	sp := SpanAt(s)
	sp.next, sp.prev = 0, l.tail
	if l.tail != 0 {
		SpanAt(l.tail).next = s
	} else {
		l.head = s
	}
	l.tail = s
}

func (l *Spans) remove(s uintptr) {
	sp := SpanAt(s)
	if sp.prev != 0 {
		SpanAt(sp.prev).next = sp.next
	} else {
		l.head = sp.next
	}
	if sp.next != 0 {
		SpanAt(sp.next).prev = sp.prev
	} else {
		l.tail = sp.prev
	}
}

// bins are the lists of a depot's spans. Each span is in one of them:
//
//	0          spent: no block is idle
//	1 … 8      partial: of eight parts of the blocks, at most so many are idle
//	away       Purge works on the span: nothing is carved from it, blocks may come back
//
// Magazines are filled from the lowest partial bin, which has the fullest spans. So the live
// blocks gather in few spans, and the others become wholly idle. Sorting spans exactly would
// cost a search for each block that comes back. With bins, a block that comes back costs a
// comparison, and one in Blocks/8 moves its span to another list.
//
// In each partial bin the changed spans come first. Those are the spans to which a block came
// back since Purge last looked for idle pages, so Purge stops at the first other one.
type bins struct {
	lists   [away + 1]Spans
	changed int // changed spans
}

const (
	parts = 8
	away  = parts + 1
)

// binOf returns the bin of a span with so many idle blocks, and the largest number of idle
// blocks with which a span stays there.
func binOf(idle, blocks uint32) (bin uint8, limit uint32) {
	if idle == 0 {
		return 0, 0
	}
	bin = uint8((idle*parts + blocks - 1) / blocks)
	return bin, uint32(bin) * blocks / parts
}

// insert puts a span that is in no list where it belongs.
func (b *bins) insert(s uintptr) {
	sp := SpanAt(s)
	sp.bin, sp.limit = binOf(sp.idle, sp.Blocks)
	if sp.idle == 0 {
		b.setChanged(sp, false)
	}
	b.list(s)
}

// setChanged sets or clears the mark of a changed span, which is in no list.
func (b *bins) setChanged(sp *Span, changed bool) {
	if sp.changed != changed {
		sp.changed = changed
		if changed {
			b.changed++
		} else {
			b.changed--
		}
	}
}

// list puts a span into the list of its bin.
func (b *bins) list(s uintptr) {
	if sp := SpanAt(s); sp.changed {
		b.lists[sp.bin].add(s)
	} else {
		b.lists[sp.bin].append(s)
	}
}

// remove takes a span out of its list.
func (b *bins) remove(s uintptr) { b.lists[SpanAt(s).bin].remove(s) }

// update moves a span whose idle blocks became fewer to the bin where it belongs.
func (b *bins) update(s uintptr) {
	if bin, _ := binOf(SpanAt(s).idle, SpanAt(s).Blocks); bin != SpanAt(s).bin {
		b.remove(s)
		b.insert(s)
	}
}

// fullest returns the partial span with about the fewest idle blocks, 0 if there is none.
func (b *bins) fullest() uintptr {
	for i := 1; i <= parts; i++ {
		if s := b.lists[i].head; s != 0 {
			return s
		}
	}
	return 0
}
