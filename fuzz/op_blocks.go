// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

func (p *runner) malloc(h int) error {
	size := p.size()
	return p.settle(request{size: size}, func() (unsafe.Pointer, error) { return p.handle(h).Malloc(size) })
}

// calloc calls Calloc; the stream supplies the size and the number of elements.
func (p *runner) calloc(h int) error {
	size, n := p.size(), 1+p.in.below(9)
	p.trace.note(n)
	if size > 0 && size < 1<<30 {
		size /= n
	}
	r := request{size: size * n, zero: true}
	if size < 0 || size >= 1<<30 && n > 1 {
		r.size = -1 // the product overflows
	}
	return p.settle(r, func() (unsafe.Pointer, error) { return p.handle(h).Calloc(n, size) })
}

// memalign requests alignments up to 1 MiB.
func (p *runner) memalign(h int) error { return p.memalignTo(h, 20) }

// memalignFar requests any alignment, valid or not.
func (p *runner) memalignFar(h int) error { return p.memalignTo(h, 31) }

func (p *runner) memalignTo(h, bits int) error {
	r := request{align: p.in.align(bits), size: p.size()}
	p.trace.note(r.align)
	align := r.align
	if align == 0 {
		r.align = -1 // not a valid alignment: the operation must return an error
	}
	return p.settle(r, func() (unsafe.Pointer, error) { return p.handle(h).Memalign(align, r.size) })
}

func (p *runner) freeOne(h int) error {
	if b := p.pick(); b != nil {
		return p.free(h, b)
	}
	return nil
}

// free frees b, whose pattern must be intact.
func (p *runner) free(h int, b *block) error {
	if err := b.verify(); err != nil {
		return err
	}
	p.remove(b)
	p.handle(h).Free(b.pointer())
	return nil
}

// realloc resizes a block. The contents must move along, and a failure must change
// nothing.
func (p *runner) realloc(h int) error {
	b := p.pick()
	switch {
	case b == nil:
		return p.reallocNil(h)
	case b.slice != nil:
		return p.resizeSlice(b)
	}
	return p.reallocTo(h, b, p.size())
}

func (p *runner) reallocNil(h int) error {
	size := p.size()
	return p.settle(request{size: size}, func() (unsafe.Pointer, error) { return p.handle(h).Realloc(nil, size) })
}

func (p *runner) reallocTo(h int, b *block, size int) error {
	if err := b.verify(); err != nil {
		return err
	}
	lo, hi := b.seam(size)
	var at unsafe.Pointer
	b.busy = true
	done, err := p.insist(request{size: size, kept: int(b.addr & -b.addr & math.MaxInt)}, b, func() (err error) {
		at, err = p.handle(h).Realloc(b.pointer(), size)
		return neither(at, err)
	})
	b.busy = false
	switch {
	case !done || err != nil:
		return err
	case size == 0:
		if at != nil {
			return fmt.Errorf("returned %p from Realloc to 0 bytes", at)
		}
		p.remove(b)
		return nil
	}
	now, err := p.judge(request{size: size}, at)
	if err != nil {
		return err
	}
	if err := b.verifyAt(now.addr, size); err != nil {
		return err
	}
	if err := b.seamAt(now.addr, lo, hi); err != nil {
		return err
	}
	p.remove(b)
	now.known = min(now.usable, maxBytes)
	return p.enter(now, now.addr != b.addr)
}

func (p *runner) usable(int) error {
	b := p.pick()
	if b == nil {
		return nil
	}
	if n := alloc.UsableSize(b.pointer()); n != b.usable {
		return fmt.Errorf("%v: UsableSize is %d", b, n)
	}
	return b.verify()
}

// burst allocates many blocks of one size, enough to fill magazines and spans.
func (p *runner) burst(h int) error {
	size, n := p.size(), 2*p.in.next()
	p.trace.note(n)
	for i := range n {
		if len(p.live) >= maxBlocks || i > 0 && i*size > maxBurst {
			return nil
		}
		b, err := p.take(request{size: size}, func() (unsafe.Pointer, error) { return p.handle(h).Malloc(size) })
		if b == nil || err != nil {
			return err
		}
		b.known, b.dense = min(b.usable, maxBytes), sparseBytes
		if err := p.enter(b, true); err != nil {
			return err
		}
	}
	return nil
}

// freeBurst frees many blocks: the last, the first, or every k-th.
func (p *runner) freeBurst(h int) error {
	how, n := p.in.next(), 2*p.in.next()
	p.trace.note(how, n)
	for i := range min(n, len(p.live)) {
		at := len(p.live) - 1
		if how%3 == 1 {
			at = 0
		} else if how%3 == 2 {
			at = i * (1 + how) % len(p.live)
		}
		if err := p.free(h, p.live[at]); err != nil {
			return err
		}
	}
	return nil
}
