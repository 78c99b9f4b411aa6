// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSampleNext: a class cache samples blocks at the rate that the gaps give, across
// countdowns. It counts all blocks.
func TestSampleNext(t *testing.T) {
	for _, p := range []float64{0, 1e-4, 0.01, 0.5, 1} {
		gap := func() float64 {
			switch p {
			case 0:
				return math.Inf(1)
			case 1:
				return 0
			}
			return math.Floor(math.Log(1-rand.Float64()) / math.Log1p(-p))
		}
		r := EmptyClassCache()
		const n = 400_000
		sampled := 0
		for range n {
			if r.SampleNext(gap) {
				sampled++
			} else {
				r.nextSample-- // like Take
			}
		}
		want, deviation := n*p, math.Sqrt(n*p*(1-p))
		if math.Abs(float64(sampled)-want) > 5*deviation {
			t.Errorf("probability %v: %d of %d blocks are sampled, want %v", p, sampled, n, want)
		}
		if r.Allocs() != n {
			t.Errorf("probability %v: %d blocks are counted, want %d", p, r.Allocs(), n)
		}
	}
}
