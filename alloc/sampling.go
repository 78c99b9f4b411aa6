// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"runtime"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/proflabel"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// rearm makes the processors' caches notice new rates: each gets a new cache, which asks
// the sampler at once.
func (a *Allocator) rearm() {
	_ = a.inside(func() error {
		a.detach()
		return nil
	})
}

// profileRate returns the bytes between samples: 0 if sampling is off.
func (a *Allocator) profileRate() int {
	a.init()
	return int(a.rate.Load())
}

func (a *Allocator) setRate(bytes int) {
	a.rate.Store(int64(max(bytes, 0)))
	a.setSampler()
}

// setSampler gives the sampler the probabilities for each class. All blocks are sampled
// while a trace is recorded.
func (a *Allocator) setSampler() {
	a.samplerMu.Lock()
	defer a.samplerMu.Unlock()
	for c := range sizeclass.Class(sizeclass.Count) {
		size := uintptr(c.Size())
		p, q := a.probability(size), a.guardPool.probability(size)
		all := a.backend.samplesAll()
		if all { // they need more than to be guarded
			q = 0
		}
		a.sampler.set(c, p, q, all || a.recorder.Load() != nil)
	}
}

// probability returns the probability that a block of size bytes is profiled.
// largeProbability returns that of a large object, which may have any size: it may be one
// for its alignment.
func (a *Allocator) probability(size uintptr) float64 { return poisson(size, a.rateOf(size)) }
func (a *Allocator) largeProbability(size uintptr) float64 {
	return poisson(size, a.rateOf(sizeclass.LargeMin))
}

// poisson returns the probability of at least one point in size bytes of a Poisson
// process with one point in rate bytes.
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

// rateOf returns the average number of bytes between two samples of blocks of the given size;
// 0 if sampling is off. Larger blocks are sampled less: otherwise every second block of some
// hundred KiB would cost a sample.
func (a *Allocator) rateOf(size uintptr) int64 {
	const fewer, longer = 8, 4 << 10
	rate := a.rate.Load()
	if size >= longer && rate > 1 {
		rate *= fewer
	}
	return rate
}

// sampleLarge counts a large object down, in the processor's cache. It reports whether the object
// is sampled.
func (a *Allocator) sampleLarge(size uintptr) bool {
	rate := a.rateOf(sizeclass.LargeMin)
	if rate == 0 { // the countdown stays as it is: the distance to the next sample has no memory
		return false
	}
	p := (*processors)(a)
	cache, id, err := p.acquire()
	if err != nil {
		return false
	}
	sampled := largeCacheOf(cache).sampleNext(size, rate, &a.sampler.rng)
	p.release(id)
	return sampled
}

// lift detaches the record of the claimed large object d, at addr, from the profile while
// Realloc moves the object. It returns 0 if there is no record.
func (a *Allocator) lift(d largeheap.Descriptor, addr uintptr) heapprof.Detached {
	if !d.Marked() {
		return 0
	}
	d.Mark(false)
	return a.profile.Detach(addr)
}

// setDown attaches the detached record to the claimed object d, at addr, which now has size
// bytes. The record gets the weight of an object allocated with that size. If the object
// shrank, the record is dropped with the probability that the object would not have been
// sampled at its new size. If the object grew, the record is kept.
func (a *Allocator) setDown(detached heapprof.Detached, d largeheap.Descriptor, addr, size uintptr) {
	if detached == 0 {
		return
	}
	d.Mark(true)
	before, weight := a.profile.Size(detached)
	p := 1 / weight
	if p < 1 { // ln(1−p) is proportional to the size
		p = -math.Expm1(math.Log1p(-p) * float64(size) / float64(before))
	}
	a.profile.Attach(detached, heapprof.Sample{Addr: addr, Size: size, Weight: 1 / p})
	if size < before && a.sampler.rng.uniform() >= p*weight {
		a.unprofile(d, addr)
	}
}

// grown samples the claimed object d, at addr, if it is not profiled and has grown: the
// sampler's next point may lie in its new bytes. Both chances together equal the probability
// for its new size.
func (a *Allocator) grown(d largeheap.Descriptor, addr, before, size uintptr) {
	if !a.sampleLarge(size - before) {
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
		d.Mark(true)
	}
}
