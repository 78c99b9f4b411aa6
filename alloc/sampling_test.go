package alloc

import (
	"testing"

	"github.com/google/pprof/profile"
)

// inUse sums the live bytes of a profile by its size class label, 0 for none.
func inUse(p *profile.Profile, value int) map[int64]float64 {
	sum := map[int64]float64{}
	for _, s := range p.Sample {
		class := int64(0)
		if l := s.NumLabel["bytes"]; len(l) > 0 {
			class = l[0]
		}
		sum[class] += float64(s.Value[value])
	}
	return sum
}

// TestSampledRealloc: a sampled object that moves stays in the profile, with its size.
func TestSampledRealloc(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 1})
	p := alloc(t, a, 256<<10)
	for _, size := range []int{8 << 20, 64 << 20, 300 << 10, 4000, 1 << 20} {
		q, err := a.Realloc(p, size)
		p = must(t, q, err)
		sum := inUse(a.HeapProfile(), 3)
		if got := sum[0] + sum[int64(UsableSize(p))]; got != float64(size) && got != float64(UsableSize(p)) {
			t.Errorf("%d bytes: %v in use", size, sum)
		}
	}
	a.Free(p)
	wantMisuse(t, func() { a.Free(p) }, MisuseError{Op: "Free", Addr: uintptr(p), Block: uintptr(p), Size: 1 << 20, State: "freed"})
}
