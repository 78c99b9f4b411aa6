package alloc

import (
	"math"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Some of the small blocks are chosen, at random: to be sampled for the heap
// profile, or to be guarded. The fast paths know nothing of that but a countdown in
// each rack, which they need to count blocks anyway.
//
// Each block of class c is chosen with the probability that the odds give for c,
// independently of all others; so how many are passed over until the next is
// geometrically distributed, and is drawn at once. A long way is gone in strides:
// the distribution has no memory, so at the end of a stride a new draw serves as
// well as what is left of the old one. That keeps what a reader of the rack may be
// off by small, and has changed odds be noticed soon.
//
// A chosen block that its consumer keeps has the state bit special, by which the
// fast path of Free leaves it to the slow one.
const stride = 4096

// odds has the chances of each class' blocks.
type odds struct {
	of   [sizeclass.Count]chances
	dice dice
}

// chances are probabilities: of a block to be chosen, as ln(1 − p), which is 0 if none is
// and −Inf if all are, to be sampled, and to be guarded.
type chances struct{ ln, sampled, guarded chance }

// A chance is a number that is read while it may be set.
type chance struct{ bits atomic.Uint64 }

func (c *chance) set(x float64) { c.bits.Store(math.Float64bits(x)) }
func (c *chance) get() float64  { return math.Float64frombits(c.bits.Load()) }

// set has blocks of class c be chosen that are to be sampled, with the probability p, or
// guarded, with the probability q, independently of each other; or all of them.
func (o *odds) set(c sizeclass.Class, p, q float64, all bool) {
	of := &o.of[c]
	of.sampled.set(p)
	of.guarded.set(q)
	if all {
		of.ln.set(math.Inf(-1))
	} else {
		of.ln.set(math.Log1p(-p) + math.Log1p(-q))
	}
}

// draw draws what a chosen block of class c is chosen for. p is the probability with
// which it is sampled.
func (o *odds) draw(c sizeclass.Class) (p float64, sampled, guarded bool) {
	of := &o.of[c]
	p, q := of.sampled.get(), of.guarded.get()
	all := p + q - p*q
	switch {
	case math.IsInf(of.ln.get(), -1):
		all = 1
	case q == 0:
		return p, p > 0, false
	}
	sampled, guarded = o.dice.which(all, p, q)
	return p, sampled, guarded
}

// gap draws how many blocks of class c are passed over until the next chosen one.
func (o *odds) gap(c sizeclass.Class) float64 {
	ln := o.of[c].ln.get()
	switch {
	case ln == 0:
		return math.Inf(1)
	case math.IsInf(ln, -1):
		return 0
	}
	return math.Floor(math.Log(1-o.dice.uniform()) / ln) // of a number in (0, 1]
}

// arm sets the countdown of a rack that has run out.
func (r *rack) arm(gap float64) {
	r.chosen = gap <= stride
	r.due = uintptr(min(gap, stride))
	r.armed += uint64(r.due)
}

// choose reports whether the next block of the rack, which is about to be taken, is
// a chosen one, and counts it then. Otherwise the rack is armed.
func (o *odds) choose(r *rack, c sizeclass.Class) bool {
	for r.due == 0 {
		if r.chosen {
			r.chosen = false
			r.armed++
			return true
		}
		r.arm(o.gap(c))
	}
	return false
}
