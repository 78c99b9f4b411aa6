// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// groupSlots is the number of slots of a group: one for each byte of a control word.
const groupSlots = 8

// A control word describes the slots of a group, one byte each. The lowest byte is slot 0's.
//
//	0x00 … 0x7f    the slot is full; the byte has 7 bits of its key's hash
//	0x80           the slot is empty
//	0xfe           the slot's entry was deleted, and a search must go on
type control uint64

const (
	low      control = 0x0101010101010101
	high     control = 0x8080808080808080
	allEmpty         = high

	empty   = 0x80
	deleted = 0xfe
)

// tag returns the 7 bits of a hash that a control byte has.
func tag(hash uint64) control { return control(hash >> 57) }

// matching returns a set of the slots whose byte is tag t. A byte above a match may be in the set
// by mistake (Mycroft); its key differs then.
func (c control) matching(t control) control {
	x := c ^ low*t
	return (x - low) &^ x & high
}

// empties returns the set of the empty slots: bit 7 is set and bit 6 is not.
func (c control) empties() control { return c &^ (c << 1) & high }

// vacant returns the set of the slots that are empty or deleted.
func (c control) vacant() control { return c & high }

// full returns the set of the full slots.
func (c control) full() control { return ^c & high }

// withoutDeleted returns c with all deleted slots empty.
func (c control) withoutDeleted() control {
	vacant := c & high
	return c &^ (vacant - vacant>>7)
}

// first returns the first slot of a set.
func (c control) first() uintptr { return uintptr(bits.TrailingZeros64(uint64(c))) >> 3 }

// slot returns the byte of slot i.
func (c control) slot(i uintptr) control { return c >> (8 * i) & 0xff }

// with returns c with the byte of slot i set to b.
func (c control) with(i uintptr, b control) control {
	return c&^(0xff<<(8*i)) | b<<(8*i)
}

// maxInline is the size in bytes of the largest value that lies in its slot. A larger one has a
// block of its own, so that slots that are not full cost little.
const maxInline = 128

// near is a slot with a value; far is one with the address of a value.
type (
	near[K, V any] struct {
		key   K
		value V
	}
	far[K any] struct {
		key   K
		value alloc.Address
	}
	nearGroup[K, V any] struct {
		_     control
		slots [groupSlots]near[K, V]
	}
	farGroup[K any] struct {
		_     control
		slots [groupSlots]far[K]
	}
)

// A layout computes with the sizes of K and V. All its methods are constants in compiled code.
type layout[K, V any] struct{}

func (layout[K, V]) inline() bool { return unsafe.Sizeof(*new(V)) <= maxInline }

func (l layout[K, V]) group() uintptr {
	if l.inline() {
		return unsafe.Sizeof(nearGroup[K, V]{})
	}
	return unsafe.Sizeof(farGroup[K]{})
}

func (l layout[K, V]) slot() uintptr {
	if l.inline() {
		return unsafe.Sizeof(near[K, V]{})
	}
	return unsafe.Sizeof(far[K]{})
}

// slots returns the offset of a group's first slot.
func (l layout[K, V]) slots() uintptr {
	if l.inline() {
		return unsafe.Offsetof(nearGroup[K, V]{}.slots)
	}
	return unsafe.Offsetof(farGroup[K]{}.slots)
}

// at returns slot i of the group at g.
func (l layout[K, V]) at(g unsafe.Pointer, i uintptr) unsafe.Pointer {
	return unsafe.Add(g, l.slots()+i*l.slot())
}

// value returns the value of the slot at s.
func (l layout[K, V]) value(s unsafe.Pointer) *V {
	if l.inline() {
		return (*V)(unsafe.Add(s, unsafe.Offsetof(near[K, V]{}.value)))
	}
	return (*V)(l.address(s).Pointer())
}

// address returns where the slot at s has the address of its value.
func (layout[K, V]) address(s unsafe.Pointer) *alloc.Address {
	return (*alloc.Address)(unsafe.Add(s, unsafe.Offsetof(far[K]{}.value)))
}

// maxTableSlots is the number of slots of the largest table.
const maxTableSlots = 1024

// maxGroups returns the number of groups of a large table, a power of two: at most 128, and about
// 64 KiB. It bounds what one insertion has to move.
func (l layout[K, V]) maxGroups() uintptr {
	n := uintptr(maxTableSlots / groupSlots)
	for n > 4 && n*l.group() > 64<<10 {
		n /= 2
	}
	return n
}
