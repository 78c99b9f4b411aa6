package alloc

import (
	"math"
	"runtime"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/proflabel"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// SetProfileRate sets how many bytes are allocated between two samples of the heap
// profile, on average: 0 ends sampling, 1 samples every block. It may be called at
// any time; blocks that were sampled before stay in the profile, with the weight
// that they had. Of blocks of 4 KiB and more one is sampled in eight times as many
// bytes. It briefly stops the world. A Local goes on at the old rate for as
// many as 4096 blocks of each class, or 64 MiB of large objects.
func (a *Allocator) SetProfileRate(bytes int) {
	a.init()
	a.setRate(bytes)
	a.rearm()
}

// rearm has the processors' racks find out about new odds: new caches are armed anew.
func (a *Allocator) rearm() {
	_ = a.inside(func() error {
		a.detach(func(int, uintptr) bool { return true })
		return nil
	})
}

// ProfileRate returns the bytes between samples: 0 if sampling is off.
func (a *Allocator) ProfileRate() int {
	a.init()
	return int(a.rate.Load())
}

func (a *Allocator) setRate(bytes int) {
	a.rate.Store(int64(max(bytes, 0)))
	a.setOdds()
}

// setOdds has blocks be chosen that are to be sampled or guarded, or both, and all while a
// trace is recorded.
func (a *Allocator) setOdds() {
	a.choosing.Lock()
	defer a.choosing.Unlock()
	for c := range sizeclass.Class(sizeclass.Count) {
		size := uintptr(c.Size())
		p, q := a.probability(size), a.guards.probability(size)
		if a.checked != nil {
			q = 0
		}
		a.odds.set(c, p, q, a.choosesAll() || a.recorder.Load() != nil)
	}
}

// probability returns that of a block of size bytes to be sampled, largeProbability that
// of a large object, which has any size if it is one for its alignment.
func (a *Allocator) probability(size uintptr) float64 { return poisson(size, a.rateOf(size)) }
func (a *Allocator) largeProbability(size uintptr) float64 {
	return poisson(size, a.rateOf(sizeclass.LargeMin))
}

// poisson returns the probability of at least one event in size bytes of a Poisson
// process with one in rate bytes.
//
//	p = 1 − exp(−size/rate)
func poisson(size uintptr, rate int64) float64 {
	switch rate {
	case 0:
		return 0
	case 1:
		return 1
	default:
		return -math.Expm1(-float64(size) / float64(rate))
	}
}

// rateOf returns how many bytes there are to a sample, of blocks of a size; 0 for none. Of
// longer blocks fewer are sampled: they are few to begin with, and every second one of
// some hundred KiB would cost a sample.
func (a *Allocator) rateOf(size uintptr) int64 {
	const fewer, longer = 8, 4 << 10
	rate := a.rate.Load()
	if size >= longer && rate > 1 {
		rate *= fewer
	}
	return rate
}

// largeStride is the most bytes that a lot's countdown is set to. As with racks, the
// rest of a longer way is drawn anew.
const largeStride = 64 << 20

// choose reports whether a large object of size bytes that is about to be handed out
// is a chosen one: the next event of the process lies in its bytes.
func (l *lot) choose(size uintptr, rate int64, d *dice) bool {
	if rate <= 1 {
		l.due, l.event = 0, false
		return rate == 1
	}
	for size >= l.due {
		size -= l.due
		event := l.event
		gap := d.exponential() * float64(rate)
		l.event = gap <= largeStride
		l.due = uintptr(math.Ceil(min(gap, largeStride)))
		if event {
			return true
		}
	}
	l.due -= size
	return false
}

// choose counts a large object that does not come by way of the lot.
func (a *Allocator) choose(h holder, size uintptr) bool {
	cache, id, err := h.hold()
	if err != nil {
		return false
	}
	chosen := lotOf(cache).choose(size, a.rateOf(sizeclass.LargeMin), &a.odds.dice)
	h.letGo(id)
	return chosen
}

// lift takes the sample of the large object at addr in hand, for the time that
// Realloc moves it; 0 if it has none.
func (a *Allocator) lift(addr uintptr) heapprof.Hand {
	if !pagemap.Marked(addr) {
		return 0
	}
	hand := a.profile.Take(addr)
	pagemap.Mark(addr, false)
	return hand
}

// setDown gives the sample in hand the object at addr, which has size bytes now. It
// is kept with the weight that an object has that was allocated with that size. For
// that one that shrank must be forgotten with the probability that it would not have
// been chosen; one that grew could only have been chosen the more.
func (a *Allocator) setDown(hand heapprof.Hand, addr, size uintptr) {
	if hand == 0 {
		return
	}
	pagemap.Mark(addr, true)
	before, weight := a.profile.Size(hand)
	p := 1 / weight
	if p < 1 { // ln(1−p) is proportional to the size
		p = -math.Expm1(math.Log1p(-p) * float64(size) / float64(before))
	}
	a.profile.Put(hand, heapprof.Sample{Addr: addr, Size: size, Weight: 1 / p})
	if size < before && a.odds.dice.uniform() >= p*weight {
		a.freeLargeSpecial(addr)
	}
}

// grown gives an object that is not sampled another chance when it has grown: its
// new bytes may have an event in them. Both together come to the probability of its
// new size.
func (a *Allocator) grown(h holder, addr, before, size uintptr) {
	if !a.choose(h, size-before) {
		return
	}
	p := a.largeProbability(size)
	if p == 0 {
		return
	}
	pcs := traces.Get().(*trace)
	defer traces.Put(pcs)
	n := runtime.Callers(2, pcs[:])
	s := heapprof.Sample{Addr: addr, Size: size, Kind: heapprof.Large, Weight: 1 / p, Labels: proflabel.Current()}
	if a.profile.AddGrown(s, size-before, pcs[:n]) {
		pagemap.Mark(addr, true)
	}
}
