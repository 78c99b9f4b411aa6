// SPDX-License-Identifier: Apache-2.0

package sizeclass

// WorstWaste returns the largest share of a block of the class, 0 … 1, that a
// request can leave unused. The smallest request of the class leaves that much.
func (c Class) WorstWaste() float64 {
	return float64(c.Size()-c.MinRequest()) / float64(c.Size())
}

// TailWaste returns the share of the memory of the class, 0 … 1, that no block uses. Blocks
// are cut from spans, which are runs of whole pages of 64 KiB to 256 KiB in total. The rest
// of a span beyond its last block is lost.
func (c Class) TailWaste() float64 {
	span := c.inside().SpanBytes()
	return float64(span-c.inside().Blocks()*c.Size()) / float64(span)
}

// WorstWaste returns the largest share of a block, 0 … 1, that a request from
// 128 bytes to LargeMin−1 bytes can leave unused. Smaller requests leave at most
// Granule−1 bytes.
func WorstWaste() float64 {
	const judgedByShare = 128 // bytes
	worst := 0.0
	for c := range Class(Count) {
		if c.MinRequest() > judgedByShare {
			worst = max(worst, c.WorstWaste())
		}
	}
	return worst
}

// MeanWaste returns the share of its block, 0 … 1, that a request leaves unused
// in the mean over all sizes from 1 byte to LargeMin−1.
func MeanWaste() float64 {
	sum := 0.0
	for c := range Class(Count) {
		// The sizes of a class waste 0 … width−1 bytes, each value once. In the last
		// class, only LargeMin would waste 0 bytes, and that adds nothing to the sum.
		width := float64(c.Size() - c.MinRequest() + 1)
		sum += width * (width - 1) / 2 / float64(c.Size())
	}
	return sum / (LargeMin - 1)
}
