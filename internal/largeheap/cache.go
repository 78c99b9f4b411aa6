package largeheap

import "math/bits"

const (
	binSteps = 8   // bins for each doubling of a region's length
	binCount = 192 // the last takes all that is longer than the others' regions

	// unitShift is the binary logarithm of the unit in which bins tell lengths
	// apart: the smallest page that a kernel has.
	unitShift = 12

	// probes bounds how many regions of a bin are looked at.
	probes = 8
)

// A cache holds retained regions, each in two lists: that of its bin, the last
// freed first, since its memory is the likeliest to be in the processor's
// caches; and one of all by age, the oldest first, by which they leave when
// nobody wants them. Its owner's lock guards it.
//
//	o is in bins[binOf(total of o)]  ⇔  o is in the list by age
//	bit b of occupied = 1            ⇔  bins[b] ≠ 0
//	bytes = Σ total,  count = Σ 1    over the list by age
type cache struct {
	bytes          int64
	count          int
	newest, oldest uintptr
	occupied       [binCount / 64]uint64
	bins           [binCount]uintptr
}

// binOf returns the bin of regions of total bytes: one for each length below 8
// units, then eight for each doubling.
func binOf(total uintptr) int {
	n := total >> unitShift
	shift := max(bits.Len(uint(n))-4, 0)
	return min(shift*binSteps+int(n>>(shift&(bits.UintSize-1))), binCount-1)
}

// roomiest returns the longest region that a request of need bytes is given: an
// eighth more than it needs.
func roomiest(need uintptr) uintptr { return need + need/8 }

// take removes a region that suits w and returns it, and where in it the object
// goes; nil if there is none.
func (c *cache) take(w *shape) (*object, uintptr) {
	if c.count == 0 {
		return nil, 0
	}
	most := roomiest(w.total)
	last := binOf(most)
	for b := binOf(w.total); b <= last; b++ {
		if c.occupied[b/64]>>(b%64)&1 == 0 {
			continue
		}
		at := c.bins[b]
		for i := 0; at != 0 && i < probes; i++ {
			o := objectAt(at)
			if o.total() <= most {
				if user := w.place(o.start, o.total(), o.colour); user != 0 {
					c.remove(o)
					return o, user
				}
			}
			at = o.bin.next
		}
	}
	return nil, 0
}

// push adds o as the newest.
func (c *cache) push(o *object) {
	at := o.addr()
	o.age = links{prev: c.newest}
	if c.newest != 0 {
		objectAt(c.newest).age.next = at
	} else {
		c.oldest = at
	}
	c.newest = at
	c.file(o, at)
}

// pushOldest adds o as the oldest.
func (c *cache) pushOldest(o *object) {
	at := o.addr()
	o.age = links{next: c.oldest}
	if c.oldest != 0 {
		objectAt(c.oldest).age.prev = at
	} else {
		c.newest = at
	}
	c.oldest = at
	c.file(o, at)
}

// file puts o at the head of its bin.
func (c *cache) file(o *object, at uintptr) {
	b := binOf(o.total())
	head := c.bins[b]
	o.bin = links{next: head}
	if head != 0 {
		objectAt(head).bin.prev = at
	} else {
		c.occupied[b/64] |= 1 << (b % 64)
	}
	c.bins[b] = at
	c.bytes += int64(o.total())
	c.count++
}

// remove takes o out of both lists.
func (c *cache) remove(o *object) {
	if o.age.prev != 0 {
		objectAt(o.age.prev).age.next = o.age.next
	} else {
		c.oldest = o.age.next
	}
	if o.age.next != 0 {
		objectAt(o.age.next).age.prev = o.age.prev
	} else {
		c.newest = o.age.prev
	}
	if o.bin.next != 0 {
		objectAt(o.bin.next).bin.prev = o.bin.prev
	}
	if o.bin.prev != 0 {
		objectAt(o.bin.prev).bin.next = o.bin.next
	} else {
		b := binOf(o.total())
		c.bins[b] = o.bin.next
		if o.bin.next == 0 {
			c.occupied[b/64] &^= 1 << (b % 64)
		}
	}
	c.bytes -= int64(o.total())
	c.count--
}
