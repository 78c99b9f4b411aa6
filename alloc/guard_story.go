// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"errors"
	"fmt"
)

// damage returns an error if the fillers around the live block were written to.
func (s *guardSlot) damage(op operation) *MisuseError {
	before, behind := s.fillers()
	if !bytes.Equal(behind, filler[:len(behind)]) {
		at := 0
		for behind[at] == filler[at] {
			at++
		}
		return s.misuse(Overflow, op, s.addr, fmt.Sprintf("the byte at offset %d, %s beyond the end, was overwritten with %#02x",
			int(s.size)+at, bytesOf(at+1), behind[at]))
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

// damages returns what is wrong around the live blocks.
func (g *guards) damages(op operation) error {
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

// misuse returns an error about the block.
func (s *guardSlot) misuse(kind MisuseKind, op operation, addr uintptr, detail string) *MisuseError {
	return s.complete(newMisuse(kind, op, addr, detail))
}

// complete completes an error about the block.
func (s *guardSlot) complete(e *MisuseError) *MisuseError {
	e.of(s.addr, int(s.size), "live")
	if s.state != guardLive {
		e.State = "free"
	}
	e.Allocated, e.Freed = s.allocated.call(), s.freed.call()
	return e
}

// inspect explains an address in the region that was passed to op and is not that of a
// live block. Slots are read as they change.
func (t *guardTable) inspect(e *MisuseError, op operation) {
	i, offset := t.locate(e.Addr)
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

const noGuarded = "in the region of guarded blocks, where no block is"

// start returns the address of the region.
func (t *guardTable) start() uintptr { return t.Base - regionBytes() }

// locate returns the slot that an address in the region is in, or, if it is in a fence,
// the one whose block is the nearest; −1 if that was never used. offset is that from the
// block's start.
func (t *guardTable) locate(addr uintptr) (slot, offset int) {
	unit := int((addr - t.start()) / slotBytes())
	if unit%2 == 1 {
		slot = unit / 2
		if t.slots[slot].addr == 0 {
			return -1, 0
		}
		return slot, int(addr - t.slots[slot].addr)
	}
	slot = -1
	least := 0
	for _, i := range []int{unit/2 - 1, unit / 2} {
		if i < 0 || i == guardSlots || t.slots[i].addr == 0 {
			continue
		}
		s := &t.slots[i]
		off := int(addr - s.addr)
		away := max(-off, off-int(s.size))
		if slot < 0 || away < least {
			slot, offset, least = i, off, away
		}
	}
	return slot, offset
}

// describe tells what was wrong with an access that faulted at addr; nil if it is none
// of a guarded block. A live one may be used within its bounds: what was in the slot before
// it is not known any more.
func (g *guards) describe(addr uintptr) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.table == 0 || addr-g.start >= regionBytes() {
		return nil
	}
	i, offset := guardTableAt(g.table).locate(addr)
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
