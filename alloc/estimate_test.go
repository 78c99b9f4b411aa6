// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/google/pprof/profile"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// The tests of this file allocate and free through a Local, which has one cache, with a
// generator with a fixed seed, on one processor, in whose cache large objects are counted.
// So they see the same samples in each run, with one exception: builds with ashlar_portable
// choose the cache of a large object at random. Most numbers are
// estimated from some thousand samples, so their standard error is about 2 %. If blocks of a
// class got the weight of the next class (6 to 12 % off), or the mean weight of their
// stack, the numbers would be off by many standard errors.

// loaded returns a Local of an Allocator whose generator has the given seed.
func loaded(t *testing.T, rate int, seed uint64) (*Allocator, *Local) {
	t.Helper()
	if raceEnabled {
		t.Skip("millions of blocks, on one goroutine")
	}
	processors := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(processors) })
	a := open(t, Options{Decay: -1, ProfileRate: rate})
	a.sampler.rng.fixed = rand.New(rand.NewPCG(seed, 0))
	return a, local(t, a)
}

// An estimate is a number from a profile, the correct number, and the standard error.
type estimate struct {
	what          string
	got, want, se float64
	unit          float64 // rounding to whole numbers may change the number by this much
}

// deviation returns the standard error of the weight of one block. The weight is 1/p with
// probability p, otherwise 0.
//
//	variance of a weight = (1 − p)/p
func deviation(p float64) float64 { return math.Sqrt((1 - p) / p) }

// off returns by how many standard errors the estimate is off.
func (e *estimate) off() float64 {
	off := e.got - e.want
	if math.Abs(off) <= e.unit {
		return 0
	}
	return off / e.se
}

// unbiased reports each estimate that is off by more than a number of standard errors.
func unbiased(t *testing.T, all []estimate, most float64) {
	t.Helper()
	for _, e := range all {
		if off := e.off(); math.Abs(off) > most {
			t.Errorf("%s: %.0f, want %.0f: off by %.1f standard errors", e.what, e.got, e.want, off)
		}
	}
}

// A mix says how many blocks of a size are allocated, and that one in every so many stays
// live.
type mix []struct{ size, n, stays int }

// run allocates a mix from one call site, so with one stack, and returns what the profile
// estimates.
func (m mix) run(t *testing.T, a *Allocator, l *Local) []estimate {
	t.Helper()
	var live []unsafe.Pointer
	for i, some := 0, true; some; i++ {
		some = false
		for _, c := range m {
			if i >= c.n {
				continue
			}
			some = true
			p := alloc(t, l, c.size)
			if i%c.stays == 0 {
				live = append(live, p)
			} else {
				l.Free(p)
			}
		}
	}
	made := heapProfileOf(t, a)
	var all []estimate
	for _, c := range m {
		class, each := int64(0), float64(c.size)
		if c.size < sizeclass.LargeMin {
			class = int64(GoodSize(c.size))
			each = float64(class)
		}
		one := deviation(a.probability(uintptr(each)))
		for i, what := range []string{"objects allocated", "bytes allocated", "objects in use", "bytes in use"} {
			n, unit := float64(c.n), 1.0
			if i >= 2 {
				n = float64((c.n + c.stays - 1) / c.stays)
			}
			if i%2 == 1 {
				unit = each
			}
			all = append(all, estimate{fmt.Sprintf("%s of %d bytes", what, c.size),
				inUse(made, i)[class], n * unit, math.Sqrt(n) * one * unit, unit})
		}
	}
	for _, p := range live {
		l.Free(p)
	}
	made = heapProfileOf(t, a)
	for _, value := range []int{2, 3} {
		for class, n := range inUse(made, value) {
			if n != 0 {
				t.Errorf("%v of class %d in use after all was freed", n, class)
			}
		}
	}
	return all
}

// TestEstimate: for one stack that allocates several sizes, both the live and the total
// numbers of each size are within three standard errors, or within five if the samples are not
// the same in each run.
func TestEstimate(t *testing.T) {
	for name, c := range map[string]struct {
		rate int
		mix  mix
	}{
		"small":           {2 << 10, mix{{16, 300_000, 3}, {64, 80_000, 2}, {200, 27_000, 2}, {1024, 6000, 1}, {10240, 500, 1}}},
		"small and large": {128 << 10, mix{{32 << 10, 160_000, 40}, {128 << 10, 40_000, 20}}},
		"alike":           {8 << 10, mix{{1024, 20_000, 2}, {1152, 20_000, 2}, {1280, 20_000, 2}, {1408, 20_000, 2}}},
		"of one kind":     {1 << 20, mix{{3 << 20, 10_000, 50}}},
		"guarded":         {2 << 10, mix{{64, 80_000, 2}, {1024, 6000, 1}}},
	} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) {
				a, l := loaded(t, c.rate, seed)
				if name == "guarded" { // some blocks are guarded, and some of these are sampled, too
					vm.Require(t, vm.Guards)
					_ = a.Inspect().SetGuardRate(30)
				}
				most := 3.0
				if c.mix[len(c.mix)-1].size >= sizeclass.LargeMin {
					most = 5
				}
				unbiased(t, c.mix.run(t, a, l), most)
			})
		}
	}
}

// TestEstimateEachClass: in each class the estimate is unbiased. Among so many classes a
// few are three standard errors off by chance. But the sum of their squares has a χ²
// distribution, and it must lie within three of its standard deviations.
func TestEstimateEachClass(t *testing.T) {
	const rate = 16 << 10
	a, l := loaded(t, rate, 1)
	var m mix
	for c := range sizeclass.Class(sizeclass.Count) {
		p := a.probability(uintptr(c.Size()))
		m = append(m, struct{ size, n, stays int }{c.Size(), int(min(400/p, 100_000)), 20})
	}
	sum, n := 0.0, 0.0
	for i, e := range m.run(t, a, l) {
		// If almost every block is sampled, the distribution is another one.
		if c := m[i/4]; i%4 == 0 && a.probability(uintptr(c.size)) < 0.95 {
			sum += e.off() * e.off()
			n++
		}
	}
	if off := (sum - n) / math.Sqrt(2*n); math.Abs(off) > 3 || n < 50 {
		t.Errorf("χ² is %.1f for %v classes: off by %.1f deviations", sum, n, off)
	}
}

// TestEstimateExact: at rate 1 the profile is exact, through every handle. If sampling is
// off, there is no profile.
func TestEstimateExact(t *testing.T) {
	m := mix{{64, 500, 2}, {1024, 200, 1}, {10240, 40, 3}, {256 << 10, 5, 2}}
	for _, rate := range []int{1, -1, -100} {
		a := open(t, Options{Decay: -1})
		a.Profile().SetRate(rate)
		for _, e := range m.run(t, a, local(t, a)) {
			if rate != 1 {
				e.want = 0
			}
			if e.got != e.want {
				t.Errorf("rate %d: %s: %v, want %v", rate, e.what, e.got, e.want)
			}
		}
		check(t, a)
	}
}

// TestEstimateRealloc: large objects that grow or shrink are estimated within five
// standard errors, as if they had been allocated with their last size. Growth counts as
// allocated bytes, unbiased, and as no further object.
func TestEstimateRealloc(t *testing.T) {
	const rate = 1 << 20
	const k = 1 << 10
	for name, sizes := range map[string][]int{
		"grown":              {256 * k, 2048 * k},
		"grown in steps":     {200 * k, 400 * k, 600 * k, 1600 * k},
		"shrunk":             {3072 * k, 512 * k},
		"shrunk and grown":   {2048 * k, 300 * k, 1500 * k},
		"grown and shrunk":   {300 * k, 4096 * k, 400 * k},
		"up and down":        {1000 * k, 1100 * k, 900 * k, 1200 * k, 800 * k},
		"small, then large":  {100 * k, 1000 * k},
		"large, then small":  {1000 * k, 100 * k},
		"large, small again": {500 * k, 60 * k, 500 * k},
	} {
		t.Run(name, func(t *testing.T) {
			a, l := loaded(t, rate, 1)
			unbiased(t, resize(t, a, l, sizes), 5)
		})
	}
}

// TestEstimateMemalign: objects that are large only because of their alignment are
// estimated like others.
func TestEstimateMemalign(t *testing.T) {
	const n, size = 6000, 4096
	a, l := loaded(t, 2<<10, 1)
	for range n {
		p, err := l.Memalign(1<<14, size)
		l.Free(must(t, p, err))
	}
	se := math.Sqrt(n) * deviation(a.largeProbability(size))
	unbiased(t, []estimate{{"objects allocated", total(heapProfileOf(t, a), 0), n, se, 1}}, 5)
}

// resize gives some thousand objects several sizes in turn. Only a few are live at a time;
// the profile's numbers for them are summed.
func resize(t *testing.T, a *Allocator, l *Local, sizes []int) []estimate {
	t.Helper()
	const n, atOnce = 4000, 100
	var inUseNow [2]float64
	for range n / atOnce {
		var live []unsafe.Pointer
		for range atOnce {
			p := alloc(t, l, sizes[0])
			for _, size := range sizes[1:] {
				q, err := l.Realloc(p, size)
				p = must(t, q, err)
			}
			live = append(live, p)
		}
		made := heapProfileOf(t, a)
		for i := range inUseNow {
			inUseNow[i] += total(made, 2+i)
		}
		for _, p := range live {
			l.Free(p)
		}
	}
	fresh, taken, each := took(a, sizes)
	one := deviation(a.probability(uintptr(each)))
	made := heapProfileOf(t, a)
	return []estimate{
		{"objects in use", inUseNow[0], n, math.Sqrt(n) * one, 1},
		{"bytes in use", inUseNow[1], n * each, math.Sqrt(n) * one * each, each},
		{"objects allocated", total(made, 0), n * fresh.sum, math.Sqrt(n) * fresh.se, 1},
		{"bytes allocated", total(made, 1), n * taken.sum, math.Sqrt(n) * taken.se, each},
	}
}

// total sums a value over all samples of a profile.
func total(p *profile.Profile, value int) (sum float64) {
	for _, v := range inUse(p, value) {
		sum += v
	}
	return sum
}

// A part is the contribution of one block to a number, and an upper bound of its standard
// error: it assumes that either all steps of the block are sampled, or none.
type part struct{ sum, se float64 }

func (p *part) add(n, deviation float64) {
	p.sum += n
	p.se += n * deviation
}

// took returns what a block contributes that is given several sizes in turn: the objects
// and bytes allocated for it, and its last size in bytes.
func took(a *Allocator, sizes []int) (objects, bytes part, each float64) {
	before := 0 // of a large object, which can grow in place
	for _, size := range sizes {
		grown, isLarge := size-before, size >= sizeclass.LargeMin
		if !isLarge {
			size = GoodSize(size)
		}
		one := deviation(a.probability(uintptr(size)))
		switch {
		case !isLarge || before == 0:
			objects.add(1, one)
			bytes.add(float64(size), one)
		case grown > 0:
			bytes.add(float64(grown), one)
		}
		if before = 0; isLarge {
			before = size
		}
		each = float64(size)
	}
	return objects, bytes, each
}

// heapProfileOf returns the heap profile in the form in which it is written.
func heapProfileOf(t testing.TB, a *Allocator) *profile.Profile {
	t.Helper()
	var b bytes.Buffer
	if err := a.Profile().Write(&b); err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
