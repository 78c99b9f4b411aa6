// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Idle pages inside spans go back to the kernel by these steps:
//
//	giveBack   a block comes back: the span is changed
//	Age        a tick passes
//	Purge      of changed spans from which nothing was carved for a whole tick: the pages that only
//	           idle blocks touch go to the page heap, which purges and refunds them
//	carve      takes blocks in such pages last, and charges their pages first
//
// The contents of an idle block are unspecified unless its state says that it is zero, and a
// purged page reads as zeros. So no state changes when a page is purged. The kernel is called
// without the lock. Meanwhile the span is away: blocks may come back to it, but none is carved.

// An idleSpan is a span that is away, and the pages of it that are being purged.
type idleSpan struct {
	span  uintptr
	pages pageMask
}

const (
	purgeBatch = 16             // spans that are away at a time
	lookBatch  = 4 * purgeBatch // spans that are looked at under one lock
)

// Purge gives idle pages inside the spans of class c back to pages, the page heap that the spans
// come from. If all is set, it does so even where blocks were carved a moment ago. It returns the
// spans that became wholly idle meanwhile, which the caller releases, and an error if the kernel
// refused pages. Those are tried again by a later call.
func (d *Depot) Purge(c sizeclass.Class, pages *pageheap.Heap, all bool) (empty Spans, err error) {
	var batch [purgeBatch]idleSpan
	for more := true; more && err == nil; {
		var n int
		n, more = d.takeIdle(c, pages, &batch, all)
		for i := range batch[:n] {
			if err == nil {
				err = batch[i].purge(pages)
			} else {
				batch[i].pages = 0
			}
		}
		d.returnIdle(batch[:n], err != nil, &empty)
	}
	return empty, err
}

// takeIdle takes up to a batch of spans with idle pages away. It returns how many, and whether
// there may be more.
func (d *Depot) takeIdle(c sizeclass.Class, pages *pageheap.Heap, batch *[purgeBatch]idleSpan, all bool) (n int, more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, false
	}
	d.pages = pages
	looked := 0
	for bin := parts; bin > 0; bin-- {
		for s := d.lists[bin].head; s != 0 && SpanAt(s).changed; {
			sp, next := SpanAt(s), SpanAt(s).next
			if all || d.tick-sp.carved > 1 {
				g := geometryOf(sp)
				d.remove(s)
				d.setChanged(sp, false)
				if idle := g.idle(s) &^ sp.purged; idle != 0 {
					sp.bin = away
					batch[n] = idleSpan{s, idle}
					n++
				}
				d.list(s)
				if looked++; n == len(batch) || looked == lookBatch {
					return n, true
				}
			}
			s = next
		}
	}
	return n, false
}

// purge gives the pages back. It leaves those in b.pages that were taken.
func (b *idleSpan) purge(pages *pageheap.Heap) error {
	g := geometryOf(SpanAt(b.span))
	rest := b.pages
	for rest != 0 {
		first, end := rest.next()
		err := pages.PurgeInside(g.first+uintptr(first)<<g.shift, uintptr(end-first)<<g.shift)
		if err != nil {
			b.pages &^= rest
			return err
		}
		rest &^= g.span(first, end-1)
	}
	return nil
}

// returnIdle puts spans that were away back into their bins, and those that are wholly idle into
// empty. Where the kernel refused, failed is set: the spans are looked at again.
func (d *Depot) returnIdle(batch []idleSpan, failed bool, empty *Spans) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range batch {
		sp := SpanAt(b.span)
		d.remove(b.span)
		sp.purged |= b.pages
		d.purged += b.pages.bytes()
		if failed {
			d.setChanged(sp, true)
		}
		if sp.idle == sp.Blocks {
			d.drop(b.span, empty)
		} else {
			d.insert(b.span)
		}
	}
}

// use charges the purged pages among those of the blocks in the slots [from, n) of magazine m,
// which were carved from span s. If the limit does not allow that, use returns the blocks to the
// span.
func (d *Depot) use(s, m uintptr, from uint32) error {
	sp, mag := SpanAt(s), magazineAt(m)
	g := geometryOf(sp)
	var pages pageMask
	for i := from; i < mag.n; i++ {
		pages |= g.pagesOf(uint32(slotOf(m, i).state - statesOf(s)))
	}
	pages &= sp.purged
	if pages == 0 {
		return nil
	}
	if err := d.pages.UseInside(g.first, g.shift, uint64(pages)); err != nil {
		for ; mag.n > from; mag.n-- {
			st := slotOf(m, mag.n-1).state
			*StateOf(s, uint32(st-statesOf(s))) ^= Idle | Cached
			sp.idle++
			sp.hint = min(sp.hint, uint32(st-statesOf(s))&^7)
		}
		return err
	}
	sp.purged &^= pages
	d.purged -= pages.bytes()
	return nil
}
