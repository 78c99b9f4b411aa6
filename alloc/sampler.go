// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A sampler picks small blocks at random, to record them in the heap profile or to guard them.
// The fast paths see only a countdown in each class cache, which they need to count blocks
// anyway.
//
// The sampler samples each block of class c with that class's probability, independently of
// all others. The number of blocks between two sampled ones is therefore geometrically
// distributed, and is drawn at once.
//
// A block with a record in the heap profile has the state Profiled. The fast path of Free
// leaves such a block to the slow path.
type sampler struct {
	of  [sizeclass.Count]rates
	rng rng
}

// rates are the probabilities of a class' blocks: to be sampled for any purpose, as
// ln(1 − p), which is 0 if none is and −Inf if all are; to be profiled; and to be guarded.
type rates struct{ ln, profiled, guarded rate }

// A rate is a number that is read while it may be set.
type rate struct{ bits atomic.Uint64 }

func (r *rate) set(x float64) { r.bits.Store(math.Float64bits(x)) }
func (r *rate) get() float64  { return math.Float64frombits(r.bits.Load()) }

// set makes the sampler sample blocks of class c with the probability p to be profiled, and
// with the probability q to be guarded, independently of each other; or all of them.
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

// purpose draws what a sampled block of class c is sampled for. p is the probability with
// which it is profiled.
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

// gap draws the number of blocks of class c before the next sampled one.
func (s *sampler) gap(c sizeclass.Class) float64 {
	ln := s.of[c].ln.get()
	switch {
	case ln == 0:
		return math.Inf(1)
	case math.IsInf(ln, -1):
		return 0
	}
	return math.Floor(math.Log(1-s.rng.uniform()) / ln) // of a number in (0, 1]
}

// sampleNext reports whether the next block of the class cache, which is about to be
// taken, is a sampled one.
func (s *sampler) sampleNext(r *smallheap.ClassCache, c sizeclass.Class) bool {
	return r.SampleNext(func() float64 { return s.gap(c) })
}
