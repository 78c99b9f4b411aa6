// SPDX-License-Identifier: Apache-2.0

package suite

// random is the generator xorshift64 (Marsaglia, "Xorshift RNGs", 2003): small enough to be the same in
// the C programs, so that both make the same requests.
type random uint64

// newRandom gives each seed from 0 on a sequence of its own.
func newRandom(seed int) random { return random(uint64(seed+1) * 0x9E3779B97F4A7C15) }

func (r *random) next() uint64 {
	x := *r
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*r = x
	return uint64(x)
}

// below is one of the numbers 0 … n−1, where n fits into 32 bits.
func (r *random) below(n int) int { return int(r.next() >> 32 * uint64(n) >> 32) }

// share is a number of [0, 1).
func (r *random) share() float64 { return float64(r.next()>>11) / (1 << 53) }

// chance is true with the probability, in percent.
func (r *random) chance(percent int) bool { return r.below(100) < percent }
