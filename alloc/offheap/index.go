// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"math/bits"

	"github.com/ashlar-go/ashlar/alloc"
)

// An index maps 32 bits of a hash to positions, off-heap. A slot has the hash in its upper half
// and a position above 0 in its lower half. It is 0 if it is empty.
//
// A hash belongs into slot hash · len / 2³², or into the first slot after that is not full (linear
// probing: Knuth, The Art of Computer Programming 3, 6.4). So the length need not be a power of
// two, and the index grows by a quarter of its length.
//
//	no empty slot lies between the home of a slot and the slot
//	used ≤ 7/8 len
type index struct {
	slots []uint64
	used  int
}

const minSlots = 16

func (x *index) home(hash uint32) int {
	n, _ := bits.Mul32(hash, uint32(len(x.slots)))
	return int(n)
}

// next returns the slot after slot i.
func (x *index) next(i int) int {
	if i++; i < len(x.slots) {
		return i
	}
	return 0
}

// insert adds a slot. reserve has made room for it.
func (x *index) insert(hash, position uint32) {
	x.place(uint64(hash)<<32 | uint64(position))
	x.used++
}

func (x *index) place(slot uint64) {
	i := x.home(uint32(slot >> 32))
	for x.slots[i] != 0 {
		i = x.next(i)
	}
	x.slots[i] = slot
}

// slotOf returns the slot of a position whose hash is known. The position is in the index.
func (x *index) slotOf(hash, position uint32) int {
	for i := x.home(hash); x.slots[i] != 0; i = x.next(i) {
		if x.slots[i] == uint64(hash)<<32|uint64(position) {
			return i
		}
	}
	panic("offheap: an index is damaged")
}

// remove empties slot i, and moves back later slots that would not be found any more.
func (x *index) remove(i int) {
	x.used--
	for j := x.next(i); x.slots[j] != 0; j = x.next(j) {
		home := x.home(uint32(x.slots[j] >> 32))
		if i < j && i < home && home <= j || j < i && (i < home || home <= j) {
			continue // it is between its home and the gap, or after the gap
		}
		x.slots[i] = x.slots[j]
		i = j
	}
	x.slots[i] = 0
}

// full reports whether the index has no room for one more slot.
func (x *index) full() bool { return x.used >= len(x.slots)-(len(x.slots)+7)/8 }

// reserve makes room for one more slot. grown reports whether the index became longer.
func (x *index) reserve(memory alloc.Memory) (grown bool, err error) {
	if !x.full() {
		return false, nil
	}
	n := len(x.slots)
	n = max(n+n/4, minSlots)
	longer, err := alloc.MakeSlice[uint64](memory, n, n)
	if err != nil {
		return false, err
	}
	old := x.slots
	x.slots = longer
	for _, slot := range old {
		if slot != 0 {
			x.place(slot)
		}
	}
	alloc.FreeSlice(memory, old)
	return true, nil
}

// bytes returns the size of the index.
func (x *index) bytes() int64 { return int64(len(x.slots)) * 8 }

// free frees the index.
func (x *index) free(memory alloc.Memory) {
	alloc.FreeSlice(memory, x.slots)
	*x = index{}
}
