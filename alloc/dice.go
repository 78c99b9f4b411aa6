package alloc

import "math/rand/v2"

// dice are what the chances of chosen blocks are drawn with. The zero value draws from
// the runtime's generators, of which each thread has one, without a lock: it may be used
// while pinned. Tests give an Allocator loaded ones, before its first block, so that
// what they see is the same each time.
type dice struct{ loaded *rand.Rand }

// uniform draws a number from 0 up to 1, exclusive.
func (d *dice) uniform() float64 {
	if d.loaded != nil {
		return d.loaded.Float64()
	}
	return rand.Float64()
}

// which draws what a block is chosen for, of two things that have the probabilities p
// and q independently of each other, if it is chosen with the probability all, which is
// that of one of them at least or more.
//
//	0        pq         p            p+q−pq        all
//	├─ both ─┼─ first ──┼── second ──┼── neither ──┤
func (d *dice) which(all, p, q float64) (first, second bool) {
	u := d.uniform() * all
	return u < p, u < p*q || p <= u && u < p+q-p*q
}

// exponential draws the way to the next event, of one event each 1 on average.
func (d *dice) exponential() float64 {
	if d.loaded != nil {
		return d.loaded.ExpFloat64()
	}
	return rand.ExpFloat64()
}
