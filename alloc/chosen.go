package alloc

import (
	"math"
	"math/rand/v2"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/sizeclass"
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

// odds is, for each class, the bits of ln(1 − p), p the probability of a block to
// be chosen: 0 chooses none, −Inf all.
type odds [sizeclass.Count]atomic.Uint64

// set makes p the probability of a block of class c to be chosen.
func (o *odds) set(c sizeclass.Class, p float64) { o[c].Store(math.Float64bits(math.Log1p(-p))) }

// gap draws how many blocks of class c are passed over until the next chosen one.
func (o *odds) gap(c sizeclass.Class) float64 {
	ln := math.Float64frombits(o[c].Load())
	switch {
	case ln == 0:
		return math.Inf(1)
	case math.IsInf(ln, -1):
		return 0
	}
	return math.Floor(math.Log(1-rand.Float64()) / ln) // of a number in (0, 1]
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
