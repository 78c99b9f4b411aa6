// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math/bits"
	"sync/atomic"
)

const (
	binSteps = 8   // bins for each doubling of an extent's length
	binCount = 192 // the last bin takes every length beyond the others

	// unitShift is the binary logarithm of the unit, in bytes, by which bins
	// distinguish lengths: the smallest page of any kernel.
	unitShift = 12

	// maxProbes bounds how many extents of a bin are looked at.
	maxProbes = 8
)

// An index holds the retained extents of a shard, each in two lists. The list of a bin
// begins with the extent that was freed last, whose memory is most likely in the processor's
// caches. The list by age begins with the oldest extent, which is purged first. The shard's
// lock guards the index.
//
//	o is in bins[binOf(total of o)]  ⇔  o is in the list by age
//	bit b of occupied = 1            ⇔  bins[b] ≠ 0
//	bytes = Σ total,  count = Σ 1    over the list by age
type index struct {
	bytes          int64
	count          atomic.Int64 // read without the lock, too, to see that there is nothing
	newest, oldest uintptr
	occupied       [binCount / 64]uint64
	bins           [binCount]uintptr
}

// binOf returns the bin of extents of total bytes: one for each length below 8
// units, then eight for each doubling.
func binOf(total uintptr) int {
	n := total >> unitShift
	shift := max(bits.Len(uint(n))-4, 0)
	return min(shift*binSteps+int(n>>(shift&(bits.UintSize-1))), binCount-1)
}

// maxTotal returns the length of the longest extent that a request of need bytes may
// get: an eighth more than it needs.
func maxTotal(need uintptr) uintptr { return need + need/8 }

// take removes an extent in which an object of shape w has room, and which is not longer than
// limit. It returns the extent and the address of the object, or nil if there is no such
// extent.
func (x *index) take(w *shape, limit uintptr) (*object, uintptr) {
	if x.count.Load() == 0 {
		return nil, 0
	}
	last := binOf(limit)
	for b := binOf(w.total); b <= last; b++ {
		if x.occupied[b/64]>>(b%64)&1 == 0 {
			continue
		}
		at := x.bins[b]
		for i := 0; at != 0 && i < maxProbes; i++ {
			o := objectAt(at)
			if o.total() <= limit {
				if user := w.place(o.start, o.total(), o.colour); user != 0 {
					x.remove(o)
					return o, user
				}
			}
			at = o.bin.next
		}
	}
	return nil, 0
}

// push adds o as the youngest.
func (x *index) push(o *object) {
	at := o.addr()
	o.age = links{prev: x.newest}
	if x.newest != 0 {
		objectAt(x.newest).age.next = at
	} else {
		x.oldest = at
	}
	x.newest = at
	x.file(o, at)
}

// pushOldest adds o as the oldest.
func (x *index) pushOldest(o *object) {
	at := o.addr()
	o.age = links{next: x.oldest}
	if x.oldest != 0 {
		objectAt(x.oldest).age.prev = at
	} else {
		x.newest = at
	}
	x.oldest = at
	x.file(o, at)
}

// file puts o, whose address is at, at the head of its bin.
func (x *index) file(o *object, at uintptr) {
	b := binOf(o.total())
	head := x.bins[b]
	o.bin = links{next: head}
	if head != 0 {
		objectAt(head).bin.prev = at
	} else {
		x.occupied[b/64] |= 1 << (b % 64)
	}
	x.bins[b] = at
	x.bytes += int64(o.total())
	x.count.Store(x.count.Load() + 1)
}

// remove removes o from both lists.
func (x *index) remove(o *object) {
	if o.age.prev != 0 {
		objectAt(o.age.prev).age.next = o.age.next
	} else {
		x.oldest = o.age.next
	}
	if o.age.next != 0 {
		objectAt(o.age.next).age.prev = o.age.prev
	} else {
		x.newest = o.age.prev
	}
	if o.bin.next != 0 {
		objectAt(o.bin.next).bin.prev = o.bin.prev
	}
	if o.bin.prev != 0 {
		objectAt(o.bin.prev).bin.next = o.bin.next
	} else {
		b := binOf(o.total())
		x.bins[b] = o.bin.next
		if o.bin.next == 0 {
			x.occupied[b/64] &^= 1 << (b % 64)
		}
	}
	x.bytes -= int64(o.total())
	x.count.Store(x.count.Load() - 1)
}
