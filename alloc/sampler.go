// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A sampler picks small blocks at random, to record them in the heap profile or to guard them.
// The fast paths use only a countdown in each class cache. They need that countdown anyway, to
// count blocks.
//
// The sampler samples each block of class c with that class's probability, independently of
// all other blocks. The number of blocks between two sampled blocks is therefore geometrically
// distributed. The sampler draws this number directly.
//
// A block with a record in the heap profile has the state Profiled. The fast path of Free
// leaves such a block to the slow path.
type sampler struct {
	of  [sizeclass.Count]rates
	rng rng
}

// rates holds the sampling probabilities of the blocks of a class. ln is ln(1 − p), where p is
// the probability that a block is sampled for any purpose. It is 0 if no block is sampled and
// −Inf if all blocks are sampled. profiled is the probability that a block is profiled. guarded
// is the probability that a block is guarded.
type rates struct{ ln, profiled, guarded rate }

// A rate is a number that one goroutine may read while another sets it.
type rate struct{ bits atomic.Uint64 }

func (r *rate) set(x float64) { r.bits.Store(math.Float64bits(x)) }
func (r *rate) get() float64  { return math.Float64frombits(r.bits.Load()) }

// set sets the probabilities for blocks of class c: p for profiling and q for guarding. The two
// choices are independent of each other. If all is set, the sampler samples every block of the
// class.
func (s *sampler) set(c sizeclass.Class, p, q float64, all bool) {
	of := &s.of[c]
	of.profiled.set(p)
	of.guarded.set(q)
	if all {
		of.ln.set(math.Inf(-1))
	} else {
		of.ln.set(math.Log1p(-p) + math.Log1p(-q))
	}
}

// purpose draws the purposes of a sampled block of class c: profiling, guarding or both. p is the
// class's probability of profiling.
func (s *sampler) purpose(c sizeclass.Class) (p float64, profiled, guarded bool) {
	of := &s.of[c]
	p, q := of.profiled.get(), of.guarded.get()
	all := p + q - p*q
	switch {
	case math.IsInf(of.ln.get(), -1):
		all = 1
	case q == 0:
		return p, p > 0, false
	}
	profiled, guarded = s.rng.which(all, p, q)
	return p, profiled, guarded
}

// gap draws the number of blocks of class c before the next sampled block.
func (s *sampler) gap(c sizeclass.Class) float64 {
	ln := s.of[c].ln.get()
	switch {
	case ln == 0:
		return math.Inf(1)
	case math.IsInf(ln, -1):
		return 0
	}
	return math.Floor(math.Log(1-s.rng.uniform()) / ln) // Log's argument is in (0, 1]
}

// sampleNext reports whether the next block that the caller takes from the class cache is
// sampled.
func (s *sampler) sampleNext(r *smallheap.ClassCache, c sizeclass.Class) bool {
	return r.SampleNext(func() float64 { return s.gap(c) })
}
