// SPDX-License-Identifier: Apache-2.0

package suite

// random is the generator xorshift64 (Marsaglia, "Xorshift RNGs", 2003). It is so small that the C programs
// have the same one, and make the same requests.
type random uint64

// newRandom makes a generator. Each seed from 0 on has a sequence of its own.
func newRandom(seed int) random { return random(uint64(seed+1) * 0x9E3779B97F4A7C15) }

func (r *random) next() uint64 {
	x := *r
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*r = x
	return uint64(x)
}

// below returns one of the numbers 0 … n−1. n fits into 32 bits.
func (r *random) below(n int) int { return int(r.next() >> 32 * uint64(n) >> 32) }

// share returns a number in [0, 1).
func (r *random) share() float64 { return float64(r.next()>>11) / (1 << 53) }

// chance returns true with the probability, in percent.
func (r *random) chance(percent int) bool { return r.below(100) < percent }
