// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"time"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// guardAlign is the minimum alignment of guarded blocks in bytes.
const guardAlign = 16

// guard returns the address of a zeroed guarded block of size bytes that replaces the block
// shadow. It returns 0 if no slot may be used or the kernel refuses.
func (a *Allocator) guard(shadow, size uintptr) uintptr {
	g := &a.guardPool
	if size > slotBytes() || g.tooSoon(time.Now()) || a.space.Acquire(slotBytes()) != nil {
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
	s.size = size
	g.shadows.Load()[i].Store(shadow)
	a.mark(shadow, smallheap.Traced) // so that Free's fast path does not take it
	s.allocated, s.freed = a.origin(), origin{}
	s.fill()
	g.show(s)
	return s.addr
}

// guardPace is the minimum time between two guarded blocks if the rate is production or above.
// Each guarded block costs two kernel calls and a page fault, about 10 µs. So guarding costs at
// most about 2 % of one processor, however fast the program allocates.
const (
	guardPace  = 500 * time.Microsecond
	production = 1000 // the lowest rate that guardPace applies to
)

// tooSoon reports whether less than guardPace has passed since the last guarded block. If several
// goroutines call it at once, it returns false to at most one of them.
func (g *guardPool) tooSoon(now time.Time) bool {
	if g.rate.Load() < production {
		return false
	}
	at, last := now.UnixNano(), g.last.Load()
	return at-last < int64(guardPace) && at >= last || !g.last.CompareAndSwap(last, at)
}

// next removes the first slot from the queue: one never used, or the one freed longest ago. It
// returns a nil slot if there is none.
func (g *guardPool) next(a *Allocator) (int, *guardSlot) {
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

// put sets the state of slot i to st and appends the slot to the queue.
func (g *guardPool) put(i int, s *guardSlot, st guardState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.state = st
	g.queue[(g.head+g.n)%guardSlots] = uint8(i)
	g.n++
}

// unlock makes the slot at base accessible and zeroed. It reports whether the kernel allowed it.
func (a *Allocator) unlock(base uintptr, s *guardSlot) bool {
	if !s.closed {
		if s.state != guardUnused { // the kernel refused to make it inaccessible
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

// filler is the content of the bytes before and after a block, up to its own length on each side.
var filler = bytes.Repeat([]byte{0x5d}, 1<<10)

// fillers returns the filler bytes before and after the block, within the pages of the block.
func (s *guardSlot) fillers() (before, after []byte) {
	page, reach := vm.PageSize(), uintptr(len(filler))
	end := s.addr + s.size
	before = raw.Bytes(s.addr-min(s.addr%page, reach), min(s.addr%page, reach))
	after = raw.Bytes(end, min(raw.AlignUp(max(end, s.addr+1), page)-end, reach))
	return before, after
}

// fill writes the filler on both sides of the block.
func (s *guardSlot) fill() {
	before, after := s.fillers()
	copy(before, filler)
	copy(after, filler)
}

// claimGuarded changes a live guarded block to guardMoving, so that only the caller frees or
// moves it. If the filler was overwritten, claimGuarded repairs the filler and panics. The repair
// makes it report the damage once.
func (a *Allocator) claimGuarded(op operation, r *resident) *guardSlot {
	a.guardPool.mu.Lock()
	defer a.guardPool.mu.Unlock()
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

// show makes the block in slot s live. The slot was in state guardMoving. The
// block becomes live for the first time, or again after a claim.
func (g *guardPool) show(s *guardSlot) {
	g.mu.Lock()
	s.state = guardLive
	g.mu.Unlock()
}

// releaseGuarded frees a guarded block that claimGuarded returned.
func (a *Allocator) releaseGuarded(h holder, op operation, s *guardSlot) {
	s.freed = a.origin()
	i := a.guardPool.slotAt(s.addr)
	split, err := a.space.Guard(a.guardPool.base(i), slotBytes())
	s.closed, s.split = err == nil, split
	if !s.closed && a.options.Hardening.ZeroOnFree {
		raw.Clear(s.addr, s.size)
	}
	a.space.Refund(slotBytes())
	shadow := a.guardPool.shadows.Load()[i].Swap(0)
	a.guardPool.put(i, s, guardFreed)
	a.freeBlock(h, op, shadow)
}
