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

// which draws what a chosen block is chosen for, of two things that have the
// probabilities p and q independently of each other; it is one of them at least, for
// it is chosen with the probability p + q − pq.
func (d *dice) which(p, q float64) (first, second bool) {
	if q == 0 {
		return p > 0, false
	}
	u := d.uniform() * (p + q - p*q)
	return u < p, u < p*q || u >= p
}

// exponential draws the way to the next event, of one event each 1 on average.
func (d *dice) exponential() float64 {
	if d.loaded != nil {
		return d.loaded.ExpFloat64()
	}
	return rand.ExpFloat64()
}
