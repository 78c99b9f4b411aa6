// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"time"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// guardAlign is what addresses of guarded blocks are multiples of, at least.
const guardAlign = 16

// guard returns the address of a guarded block of size bytes, zero, in the place of the
// block shadow; 0 if there is no slot for it, or the kernel refuses.
func (a *Allocator) guard(shadow, size uintptr) uintptr {
	g := &a.guards
	if size > slotBytes() || g.tooSoon(time.Now()) || a.space.Hold(slotBytes()) != nil {
		return 0
	}
	i, s := g.next(a)
	if s == nil {
		a.space.Drop(slotBytes())
		return 0
	}
	if !a.unlock(g.base(i), s) {
		g.put(i, s, guardFreed)
		a.space.Drop(slotBytes())
		return 0
	}
	a.space.Confirm(slotBytes())
	room := raw.AlignUp(size, guardAlign)
	s.addr = g.base(i)
	if a.sampler.rng.uniform() < 0.5 {
		s.addr += slotBytes() - room
	}
	s.size, s.shadow = size, shadow
	s.allocated, s.freed = a.origin(), origin{}
	s.fill()
	g.show(s)
	return s.addr
}

// guardPace is the least time between two guarded blocks of a rate for production. Each
// costs two calls of the kernel and a page fault, some ten microseconds: however fast the
// program allocates, that is two per cent of a processor.
const (
	guardPace  = 500 * time.Microsecond
	production = 1000 // and rates above
)

// tooSoon reports whether there was a guarded block too short a time ago. Of several that
// ask at once one may be guarded.
func (g *guards) tooSoon(now time.Time) bool {
	if g.rate.Load() < production {
		return false
	}
	at, last := now.UnixNano(), g.last.Load()
	return at-last < int64(guardPace) && at >= last || !g.last.CompareAndSwap(last, at)
}

// next takes the slot that was freed longest ago, or was never used.
func (g *guards) next(a *Allocator) (int, *guardSlot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.table == 0 && (a.gate.closed.Load() || g.open(a) != nil) {
		return 0, nil
	}
	if g.n == 0 {
		return 0, nil
	}
	i := int(g.queue[g.head])
	g.head = (g.head + 1) % guardSlots
	g.n--
	s := &guardTableAt(g.table).slots[i]
	s.state = guardMoving
	return i, s
}

// put lets slot i wait at the end of the queue.
func (g *guards) put(i int, s *guardSlot, st guardState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.state = st
	g.queue[(g.head+g.n)%guardSlots] = uint8(i)
	g.n++
}

// unlock makes the slot at base accessible, and zero.
func (a *Allocator) unlock(base uintptr, s *guardSlot) bool {
	if !s.closed {
		if s.state != guardUnused { // the kernel had refused to close it
			raw.Clear(base, slotBytes())
		}
		return true
	}
	if a.space.Unguard(base, slotBytes(), s.split) != nil {
		return false
	}
	s.closed, s.split = false, false
	return true
}

// filler is what lies before and behind a block, as far as it reaches.
var filler = bytes.Repeat([]byte{0x5d}, 1<<10)

// fillers returns the bytes before and behind the block, in the pages that it is in.
func (s *guardSlot) fillers() (before, behind []byte) {
	page, reach := vm.PageSize(), uintptr(len(filler))
	end := s.addr + s.size
	before = raw.Bytes(s.addr-min(s.addr%page, reach), min(s.addr%page, reach))
	behind = raw.Bytes(end, min(raw.AlignUp(max(end, s.addr+1), page)-end, reach))
	return before, behind
}

// fill writes the fillers.
func (s *guardSlot) fill() {
	before, behind := s.fillers()
	copy(before, filler)
	copy(behind, filler)
}

// claimGuarded takes a live guarded block from the program. What it finds overwritten is
// reported, by a panic, and repaired, so that it is reported once.
func (a *Allocator) claimGuarded(op operation, r *resident) *guardSlot {
	a.guards.mu.Lock()
	defer a.guards.mu.Unlock()
	s := r.guardSlot()
	if s.state != guardLive || s.addr != r.addr {
		panic(freeingTwice(op, r.addr, int(s.size)))
	}
	if e := s.damage(op); e != nil {
		s.fill()
		panic(e)
	}
	s.state = guardMoving
	return s
}

// show makes the block in a slot live, which was on its way, for the first time or again.
func (g *guards) show(s *guardSlot) {
	g.mu.Lock()
	s.state = guardLive
	g.mu.Unlock()
}

// releaseGuarded frees a claimed guarded block.
func (a *Allocator) releaseGuarded(h holder, op operation, s *guardSlot) {
	s.freed = a.origin()
	shadow, i := s.shadow, a.guards.slotAt(s.addr)
	split, err := a.space.Guard(a.guards.base(i), slotBytes())
	s.closed, s.split = err == nil, split
	if !s.closed && a.options.Hardening.ZeroOnFree {
		raw.Clear(s.addr, s.size)
	}
	a.space.Refund(slotBytes())
	a.guards.put(i, s, guardFreed)
	a.freeBlock(h, op, shadow)
}
