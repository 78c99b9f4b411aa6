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

// exponential draws the way to the next event, of one event each 1 on average.
func (d *dice) exponential() float64 {
	if d.loaded != nil {
		return d.loaded.ExpFloat64()
	}
	return rand.ExpFloat64()
}
