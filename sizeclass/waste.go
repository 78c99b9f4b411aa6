package sizeclass

// smallest returns the smallest request in bytes that the class serves.
func (c Class) smallest() int {
	if c == 0 {
		return 1
	}
	return (c - 1).Size() + 1
}

// WorstWaste returns the largest share of a block of the class, 0 … 1, that a
// request can leave unused: that of the smallest request it serves.
func (c Class) WorstWaste() float64 {
	return float64(c.Size()-c.smallest()) / float64(c.Size())
}

// TailWaste returns the share of a span of the class, 0 … 1, that lies behind
// its last block.
func (c Class) TailWaste() float64 {
	return float64(c.SpanBytes()-c.Blocks()*c.Size()) / float64(c.SpanBytes())
}

// WorstWaste returns the largest share of a block, 0 … 1, that a request of 128
// bytes or more, below LargeMin, can leave unused. Smaller requests leave at
// most Granule−1 bytes.
func WorstWaste() float64 {
	worst := 0.0
	for c := Of(steps*Granule + 1); c < Count; c++ {
		worst = max(worst, c.WorstWaste())
	}
	return worst
}

// MeanWaste returns the share of its block, 0 … 1, that a request leaves unused
// in the mean over all sizes from 1 byte to LargeMin−1.
func MeanWaste() float64 {
	sum := 0.0
	for c := range Class(Count) {
		// The slacks of a class are 0 … width−1, each once. In the last class 0
		// would belong to LargeMin itself, and adds nothing.
		width := float64(c.Size() - c.smallest() + 1)
		sum += width * (width - 1) / 2 / float64(c.Size())
	}
	return sum / (LargeMin - 1)
}
