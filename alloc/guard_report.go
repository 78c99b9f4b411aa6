// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/interleave"
)

// damage returns an error if the program wrote to the filler around the live block.
func (s *guardSlot) damage(op operation) *MisuseError {
	before, after := s.fillers()
	if !bytes.Equal(after, filler[:len(after)]) {
		at := 0
		for after[at] == filler[at] {
			at++
		}
		return s.misuse(Overflow, op, s.addr, fmt.Sprintf("the byte at offset %d, %s beyond the end, was overwritten with %#02x",
			int(s.size)+at, bytesOf(at+1), after[at]))
	}
	if !bytes.Equal(before, filler[:len(before)]) {
		at := len(before) - 1
		for before[at] == filler[at] {
			at--
		}
		return s.misuse(Underflow, op, s.addr, fmt.Sprintf("the byte %s before the start was overwritten with %#02x",
			bytesOf(len(before)-at), before[at]))
	}
	return nil
}

// damages returns the damage to the fillers around all live blocks.
func (g *guardPool) damages(op operation) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.table == 0 {
		return nil
	}
	var all []error
	for i := range guardTableAt(g.table).slots {
		if s := &guardTableAt(g.table).slots[i]; s.state == guardLive {
			if e := s.damage(op); e != nil {
				all = append(all, e)
			}
		}
	}
	return errors.Join(all...)
}

func bytesOf(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// misuse returns an error that describes the block.
func (s *guardSlot) misuse(kind MisuseKind, op operation, addr uintptr, detail string) *MisuseError {
	return s.complete(newMisuse(kind, op, addr, detail))
}

// complete adds the description of the block to e: its address, size, state and call sites.
func (s *guardSlot) complete(e *MisuseError) *MisuseError {
	e.of(s.addr, int(s.size), "live")
	if s.state != guardLive {
		e.State = "free"
	}
	e.Allocated, e.Freed = s.allocated.call(), s.freed.call()
	return e
}

// inspect completes e, the error for an address in the pool that was passed to op and at which
// no live block begins. It reads the slots without a lock, so they may change meanwhile.
func (t *guardTable) inspect(e *MisuseError, op operation) {
	i, offset := t.nearest(e.Addr)
	s := &t.slots[max(i, 0)]
	switch {
	case i < 0:
		e.Detail = noGuarded
		return
	case s.addr == e.Addr:
		e.Kind, e.Detail = freedAs(op), freedDetail
	case 0 < offset && offset < int(s.size):
		e.Detail = insideBlock(offset)
	default:
		e.Detail = fmt.Sprintf("%d bytes from the start of a block, outside it", offset)
	}
	s.complete(e)
}

const noGuarded = "in the guard pool, where no block is"

// start returns the address of the pool.
func (t *guardTable) start() uintptr { return t.Base - poolBytes() }

// nearest returns the number of the slot that contains addr, an address in the pool. For an
// address in a fence it returns the adjacent slot whose block is nearest. It returns −1 if no such
// slot was ever used. offset is the distance in bytes from the start of the slot's block to addr.
//
// A caller outside the gate can find the table of a pool that Close takes down meanwhile. Its
// memory then holds zeros or another structure, so the pool seems to be elsewhere.
func (t *guardTable) nearest(addr uintptr) (slot, offset int) {
	if interleave.Enabled {
		interleave.Point()
	}
	from := addr - t.start() // read once
	if from >= poolBytes() {
		return -1, 0
	}
	if interleave.Enabled {
		interleave.Point()
	}
	unit := int(from / slotBytes())
	if unit%2 == 1 {
		slot = unit / 2
		if t.slots[slot].addr == 0 {
			return -1, 0
		}
		return slot, int(addr - t.slots[slot].addr)
	}
	slot = -1
	shortest := 0
	for _, i := range []int{unit/2 - 1, unit / 2} {
		if i < 0 || i == guardSlots || t.slots[i].addr == 0 {
			continue
		}
		s := &t.slots[i]
		off := int(addr - s.addr)
		away := max(-off, off-int(s.size))
		if slot < 0 || away < shortest {
			slot, offset, shortest = i, off, away
		}
	}
	return slot, offset
}

// describe returns an error that describes an access that faulted at addr. It returns nil if addr
// is outside the pool. It also returns nil if addr is inside a live block: that access is valid
// now, and the record of the slot's previous block is gone.
func (g *guardPool) describe(addr uintptr) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.table == 0 || addr-g.start >= poolBytes() {
		return nil
	}
	i, offset := guardTableAt(g.table).nearest(addr)
	if i < 0 {
		return accessMisuse(InvalidPointer, addr, noGuarded)
	}
	s := &guardTableAt(g.table).slots[i]
	kind, where := UseAfterFree, fmt.Sprintf("%s into the block", bytesOf(offset))
	switch {
	case offset < 0:
		kind, where = Underflow, fmt.Sprintf("%s before the start of the block", bytesOf(-offset))
	case offset >= int(s.size):
		kind, where = Overflow, fmt.Sprintf("%s beyond the end of the block", bytesOf(offset-int(s.size)+1))
	}
	if s.state != guardLive {
		kind = UseAfterFree
	} else if kind == UseAfterFree {
		return nil
	}
	return s.complete(accessMisuse(kind, addr, where))
}
