// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
)

// The operations of the targets, each with the number of 64 byte values that select it.
// The package documentation lists the further bytes that they read.
var (
	allOps = []operation{
		{"malloc", 8, (*player).malloc},
		{"batch", 2, (*player).batch},
		{"calloc", 5, (*player).calloc},
		{"memalign", 4, (*player).memalign},
		{"realloc", 8, (*player).realloc},
		{"free", 8, (*player).freeOne},
		{"freebatch", 2, (*player).freeBatch},
		{"burst", 3, (*player).burst},
		{"freeburst", 3, (*player).freeBurst},
		{"usable", 1, (*player).usable},
		{"makeslice", 2, (*player).makeSlice},
		{"append", 3, (*player).appendSlice},
		{"resize", 2, (*player).resizeOne},
		{"trim", 1, (*player).trim},
		{"limit", 2, (*player).limit},
		{"stats", 1, (*player).stats},
		{"check", 1, (*player).check},
		{"misuse", 4, (*player).misuse},
		{"fail", 2, (*player).fail},
		{"heal", 1, (*player).heal},
		{"reopen", 1, (*player).reopen},
	}
	reallocOps = []operation{
		{"malloc", 6, (*player).malloc},
		{"calloc", 2, (*player).calloc},
		{"memalign", 2, (*player).memalign},
		{"realloc", 28, (*player).realloc},
		{"append", 8, (*player).appendSlice},
		{"resize", 6, (*player).resizeOne},
		{"free", 5, (*player).freeOne},
		{"trim", 1, (*player).trim},
		{"check", 2, (*player).check},
		{"fail", 2, (*player).fail},
		{"heal", 2, (*player).heal},
	}
	alignOps = []operation{
		{"memalign", 26, (*player).memalign},
		{"far", 10, (*player).memalignFar},
		{"calloc", 4, (*player).calloc},
		{"realloc", 6, (*player).realloc},
		{"free", 12, (*player).freeOne},
		{"trim", 1, (*player).trim},
		{"check", 1, (*player).check},
		{"misuse", 1, (*player).misuse},
		{"fail", 2, (*player).fail},
		{"heal", 1, (*player).heal},
	}
)

// playAlone plays an input with one player. Its first two bytes select the Allocator's
// options, the ending, and the hardening options.
func playAlone(data []byte, ops []operation, hardened bool) error {
	defer disarm()
	in := newStream(data)
	options, ending := in.next(), in.next()
	var p *player
	var h alloc.Hardening
	if hardened {
		h = hardeningOf(ending / 8)
	}
	m, err := newModel(options, h, p.makeRoom(&p, ending), -1)
	if err != nil {
		return err
	}
	p = newPlayer(m, in, ops)
	p.alone = true
	if err := p.play(); err != nil {
		return fmt.Errorf("options %#x: %w", options, err)
	}
	if err := p.end(ending); err != nil {
		spoilt.Store(true)
		return fmt.Errorf("options %#x, ending %#x: %w", options, ending, err)
	}
	return nil
}

// makeRoom returns the callback for a reached limit: nil, or a function that frees a
// block that no operation uses. It is called before the player exists.
func (*player) makeRoom(of **player, ending int) func(int) bool {
	if ending&4 == 0 {
		return nil
	}
	return func(int) bool {
		p := *of
		for _, b := range p.live {
			if !b.busy {
				p.remove(b)
				p.a.Free(b.pointer())
				return true
			}
		}
		return false
	}
}

// end ends a run: it frees everything, or leaves it to Close.
func (p *player) end(how int) error {
	disarm()
	p.setLimit(0)
	if err := p.closePeer(); err != nil {
		return err
	}
	if how&1 == 0 {
		if err := p.endEmpty(how); err != nil {
			return err
		}
	}
	if how&2 == 0 {
		p.closeLocals()
	}
	left := p.live
	if err := p.close(p.seen); err != nil {
		return err
	}
	p.closeLocals()
	for _, b := range left[:min(len(left), 4)] {
		if err := misused(func() { p.a.Free(b.pointer()) }); err != nil {
			return fmt.Errorf("after Close, Free: %w", err)
		}
	}
	return p.leaked()
}

// endEmpty frees everything. The Allocator must then be as if new.
func (p *player) endEmpty(how int) error {
	if err := p.freeAll(uint64(how)); err != nil {
		return err
	}
	if err := p.reconcile(); err != nil {
		return err
	}
	p.closeLocals()
	if err := p.empty(p.seen); err != nil {
		return err
	}
	// The Allocator must still work.
	for h := range 1 + localCount {
		at, err := p.handle(h).Calloc(1, 1000)
		if e := p.settle(request{size: 1000, zero: true}, at, err); e != nil || err != nil {
			return errors.Join(e, err)
		}
	}
	return p.freeAll(0)
}
