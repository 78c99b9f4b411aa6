// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"math/rand/v2"
)

// An rng draws the random numbers for sampling. The zero value draws from the runtime's
// generators. Each thread has such a generator, and it needs no lock, so the rng may be used
// while pinned. Tests set a fixed generator before the Allocator's first block, so that each run
// draws the same numbers.
type rng struct{ fixed *rand.Rand }

// uniform draws a uniformly distributed number in [0, 1).
func (r *rng) uniform() float64 {
	if r.fixed != nil {
		return r.fixed.Float64()
	}
	return rand.Float64()
}

// which draws the purposes of a sampled block. The two purposes have the probabilities p and q,
// and are independent of each other. all is the probability that a block is sampled. It is at
// least p+q−pq, the probability that a block has one or both purposes.
//
//	0        pq         p            p+q−pq        all
//	├─ both ─┼─ first ──┼── second ──┼── neither ──┤
func (r *rng) which(all, p, q float64) (first, second bool) {
	u := r.uniform() * all
	return u < p, u < p*q || p <= u && u < p+q-p*q
}

// exponential draws an exponentially distributed distance to the next point. The mean distance
// is 1.
func (r *rng) exponential() float64 {
	return -math.Log(1 - r.uniform()) // rand.ExpFloat64 reads tables, which are rarely in the processor's caches
}
