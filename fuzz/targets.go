// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// The operations of the targets, each with the number of 64 byte values that select it.
// The package documentation lists the further bytes that they read.
var (
	allOps = []operation{
		{"malloc", 8, (*runner).malloc},
		{"batch", 2, (*runner).batch},
		{"calloc", 5, (*runner).calloc},
		{"memalign", 4, (*runner).memalign},
		{"realloc", 8, (*runner).realloc},
		{"free", 8, (*runner).freeOne},
		{"freebatch", 2, (*runner).freeBatch},
		{"burst", 3, (*runner).burst},
		{"freeburst", 3, (*runner).freeBurst},
		{"usable", 1, (*runner).usable},
		{"makeslice", 2, (*runner).makeSlice},
		{"append", 3, (*runner).appendSlice},
		{"resize", 2, (*runner).resizeOne},
		{"trim", 1, (*runner).trim},
		{"limit", 2, (*runner).limit},
		{"stats", 1, (*runner).stats},
		{"check", 1, (*runner).check},
		{"misuse", 3, (*runner).misuse},
		{"age", 1, (*runner).age},
		{"fail", 2, (*runner).fail},
		{"heal", 1, (*runner).heal},
		{"reopen", 1, (*runner).reopen},
	}
	reallocOps = []operation{
		{"malloc", 6, (*runner).malloc},
		{"calloc", 2, (*runner).calloc},
		{"memalign", 2, (*runner).memalign},
		{"realloc", 28, (*runner).realloc},
		{"append", 8, (*runner).appendSlice},
		{"resize", 6, (*runner).resizeOne},
		{"free", 5, (*runner).freeOne},
		{"trim", 1, (*runner).trim},
		{"check", 2, (*runner).check},
		{"fail", 2, (*runner).fail},
		{"heal", 2, (*runner).heal},
	}
	alignOps = []operation{
		{"memalign", 26, (*runner).memalign},
		{"far", 10, (*runner).memalignFar},
		{"calloc", 4, (*runner).calloc},
		{"realloc", 6, (*runner).realloc},
		{"free", 12, (*runner).freeOne},
		{"trim", 1, (*runner).trim},
		{"check", 1, (*runner).check},
		{"misuse", 1, (*runner).misuse},
		{"fail", 2, (*runner).fail},
		{"heal", 1, (*runner).heal},
	}
)

// runAlone runs an input with one runner. Its first two bytes select the Allocator's
// options, the ending, and the hardening options.
func runAlone(data []byte, ops []operation, hardened bool) error {
	defer disarm()
	in := newStream(data)
	options, ending := in.next(), in.next()
	var p *runner
	var h alloc.Hardening
	if hardened {
		h = hardeningOf(ending / 8)
	}
	m, err := newModel(options, hugePagesOf(ending/64), h, p.makeRoom(&p, ending), -1)
	if err != nil {
		return err
	}
	p = newRunner(m, in, ops)
	p.alone = true
	if err := p.run(); err != nil {
		return fmt.Errorf("options %#x: %w", options, err)
	}
	if err := p.end(ending); err != nil {
		spoilt.Store(true)
		return fmt.Errorf("options %#x, ending %#x: %w", options, ending, err)
	}
	return nil
}

// makeRoom returns the callback for a reached limit: nil, or a function that frees a
// block that no operation uses. It is called before the runner exists.
func (*runner) makeRoom(of **runner, ending int) func(int) bool {
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
func (p *runner) end(how int) error {
	disarm()
	p.fired = p.faults.fired.Load() // from now on nothing may fail
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
func (p *runner) endEmpty(how int) error {
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
		if err := p.settle(request{size: 1000, zero: true}, func() (unsafe.Pointer, error) { return p.handle(h).Calloc(1, 1000) }); err != nil {
			return err
		}
	}
	return p.freeAll(0)
}
