// SPDX-License-Identifier: Apache-2.0

package alloc

import "math/rand/v2"

// An rng draws the numbers by which blocks are sampled. The zero value draws from
// the runtime's generators, of which each thread has one, without a lock: it may be used
// while pinned. Tests give an Allocator a fixed one, before its first block, so that
// they see the same numbers each time.
type rng struct{ fixed *rand.Rand }

// uniform draws a number from 0 up to 1, exclusive.
func (r *rng) uniform() float64 {
	if r.fixed != nil {
		return r.fixed.Float64()
	}
	return rand.Float64()
}

// which draws what a block is sampled for, of two purposes that have the probabilities p
// and q independently of each other. The block is sampled with the probability all, which
// is at least that of one of them or both.
//
//	0        pq         p            p+q−pq        all
//	├─ both ─┼─ first ──┼── second ──┼── neither ──┤
func (r *rng) which(all, p, q float64) (first, second bool) {
	u := r.uniform() * all
	return u < p, u < p*q || p <= u && u < p+q-p*q
}

// exponential draws the way to the next point, of one point each 1 on average.
func (r *rng) exponential() float64 {
	if r.fixed != nil {
		return r.fixed.ExpFloat64()
	}
	return rand.ExpFloat64()
}
