// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// batch allocates n blocks of one size in one call. If that fails, the blocks that the call
// reports must exist, and the other elements must be unchanged. The next call is for those.
func (p *runner) batch(h int) error {
	r, n := request{size: p.size()}, p.in.next()%128
	r.zero = n%2 == 1
	p.trace.note(n)
	n = min(n, maxBlocks-len(p.live), maxBurst/max(r.size, 1)+1)
	blocks := make([]unsafe.Pointer, max(n, 0))
	allocate := p.handle(h).MallocBatch
	if r.zero {
		allocate = p.handle(h).CallocBatch
	}
	_, err := p.insist(r, nil, func() error {
		n, err := allocate(r.size, blocks)
		if (err == nil) != (n == len(blocks)) {
			return fmt.Errorf("a batch of %d blocks has %d, and the error is %v", len(blocks), n, err)
		}
		if wrong := p.enterBatch(r, blocks[:n]); wrong != nil {
			return wrong
		}
		if i := slices.IndexFunc(blocks[n:], func(at unsafe.Pointer) bool { return at != nil }); i >= 0 {
			return fmt.Errorf("a batch of %d blocks has %d, but changed element %d", len(blocks), n, n+i)
		}
		blocks = blocks[n:]
		return err
	})
	return err
}

// enterBatch adds the blocks of a batch to the shadow.
func (p *runner) enterBatch(r request, blocks []unsafe.Pointer) error {
	for _, at := range blocks {
		b, err := p.judge(r, at)
		if err != nil {
			return err
		}
		b.known, b.dense = min(b.usable, maxBytes), sparseBytes
		if err := p.enter(b, true); err != nil {
			return err
		}
	}
	return nil
}

// freeBatch frees n blocks in one call. From how = 128 on, there is an address inside a block
// among them: the call must report its index, and the blocks after it must stay.
func (p *runner) freeBatch(h int) error {
	how, n := p.in.next(), p.in.next()%128
	p.trace.note(how, n)
	n = min(n, len(p.live))
	freed := make([]*block, n)
	at := make([]unsafe.Pointer, n)
	for i := range freed {
		freed[i] = p.live[(i*(1+2*(how%4))+how)%len(p.live)]
		if slices.Contains(freed[:i], freed[i]) {
			freed, at = freed[:i], at[:i]
			break
		}
		if err := freed[i].verify(); err != nil {
			return err
		}
		at[i] = freed[i].pointer()
	}
	wrong := -1
	if how >= 128 && len(freed) > 0 {
		wrong = how % len(freed)
		at = slices.Insert(at, wrong, raw.Pointer(freed[wrong].addr+1))
		freed = freed[:wrong]
	}
	for _, b := range freed {
		p.remove(b)
	}
	if wrong < 0 {
		p.handle(h).FreeBatch(at)
		return nil
	}
	return misusedAt(wrong, len(at), func() { p.handle(h).FreeBatch(at) })
}

// misusedAt returns nil if f panics with a *MisuseError of the given index in a batch.
func misusedAt(index, batch int, f func()) error {
	var e *alloc.MisuseError
	err := misused(func() {
		defer func() {
			v := recover()
			e, _ = v.(*alloc.MisuseError)
			panic(v)
		}()
		f()
	})
	if err == nil && (e.Index != index || e.Batch != batch) {
		err = errors.New("the misuse has another index: " + e.Error())
	}
	return err
}
