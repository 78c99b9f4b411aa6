// SPDX-License-Identifier: Apache-2.0

package sizeclass_test

import (
	"math"
	"testing"

	inner "github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// TestWaste: over all sizes, the waste stays below the limits for which the block sizes
// were chosen.
func TestWaste(t *testing.T) {
	const from = 128 // bytes; for smaller requests the limit is in bytes, not a share
	worst, sum := 0.0, 0.0
	for size := 1; size < sizeclass.LargeMin; size++ {
		block := sizeclass.GoodSize(size)
		share := float64(block-size) / float64(block)
		sum += share
		if size <= from && block-size > sizeclass.Granule-1 {
			t.Errorf("a request of %d bytes wastes %d, want at most %d", size, block-size, sizeclass.Granule-1)
		}
		if size >= from {
			worst = max(worst, share)
		}
	}
	mean := sum / (sizeclass.LargeMin - 1)
	t.Logf("internal waste: worst %.2f %%, mean %.2f %%", 100*worst, 100*mean)

	if worst > 0.125 {
		t.Errorf("worst waste %.4f of the block, want at most 0.125", worst)
	}
	if mean > 0.045 {
		t.Errorf("mean waste %.4f of the block, want at most 0.045", mean)
	}
	if got := sizeclass.WorstWaste(); got != worst {
		t.Errorf("WorstWaste() = %v, want %v", got, worst)
	}
	if got := sizeclass.MeanWaste(); math.Abs(got-mean) > 1e-9 {
		t.Errorf("MeanWaste() = %v, want %v", got, mean)
	}
}

func TestWasteOfClass(t *testing.T) {
	var worst [sizeclass.Count]float64
	for size := 1; size < sizeclass.LargeMin; size++ {
		c, _ := sizeclass.Of(size)
		worst[c] = max(worst[c], float64(c.Size()-size)/float64(c.Size()))
	}
	for c := range sizeclass.Class(sizeclass.Count) {
		if got := c.WorstWaste(); got != worst[c] {
			t.Errorf("class %d: WorstWaste() = %v, want %v", c, got, worst[c])
		}
		inside := inner.Class(c)
		used := float64(inside.Blocks()*inside.Size()) / float64(inside.SpanBytes())
		if got := c.TailWaste(); got < 0 || got > 0.0625 || math.Abs(got+used-1) > 1e-12 {
			t.Errorf("class %d: TailWaste() = %v, but the blocks fill %v of the span", c, got, used)
		}
	}
}
