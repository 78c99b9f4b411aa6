// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"cmp"
	"math"
	"slices"

	"github.com/ashlar-go/ashlar/sizeclass"
)

// Granule is the unit of block sizes, in bytes.
const Granule = 16

// A Demand describes how much memory of which sizes a trace needs at a time, in objects below 128 KiB.
type Demand struct {
	blocks []int64   // sizes rounded up to granules, ascending
	weight []float64 // lifetimes of the objects, summed up to each size
	bytes  []float64 // sizes · lifetimes, summed likewise
	sizes  []int64   // the requested sizes, ascending
	each   []float64 // lifetimes of the objects of each size
	steps  float64
}

// Demand returns what the survey found.
func (s *Survey) Demand() *Demand {
	d := &Demand{steps: float64(max(s.steps, 1))}
	for size := range s.small {
		d.sizes = append(d.sizes, size)
	}
	slices.Sort(d.sizes)
	weight, bytes := 0.0, 0.0
	for _, size := range d.sizes {
		w := s.small[size]
		d.each = append(d.each, w)
		weight += w
		bytes += w * float64(size)
		block := (size + Granule - 1) / Granule * Granule
		if n := len(d.blocks); n == 0 || d.blocks[n-1] != block {
			d.blocks = append(d.blocks, block)
			d.weight, d.bytes = append(d.weight, 0), append(d.bytes, 0)
		}
		d.weight[len(d.weight)-1], d.bytes[len(d.bytes)-1] = weight, bytes
	}
	return d
}

// Live returns the bytes that small objects requested, in the mean over the trace.
func (d *Demand) Live() float64 {
	if len(d.bytes) == 0 {
		return 0
	}
	return d.bytes[len(d.bytes)-1] / d.steps
}

// Waste returns the bytes lost inside blocks, in the mean over the trace, if a block of block(size) bytes
// serves each size.
func (d *Demand) Waste(block func(size int64) int64) float64 {
	sum := 0.0
	for i, size := range d.sizes {
		sum += d.each[i] * float64(block(size)-size)
	}
	return sum / d.steps
}

// cost is what is lost if the largest of the blocks from..to serves all of them.
func (d *Demand) cost(from, to int) float64 {
	weight, bytes := d.weight[to], d.bytes[to]
	if from > 0 {
		weight -= d.weight[from-1]
		bytes -= d.bytes[from-1]
	}
	return weight*float64(d.blocks[to]) - bytes
}

// Fit returns the k block sizes for which Waste is least, or all block sizes that occur if these are fewer.
func (d *Demand) Fit(k int) []int64 {
	n := len(d.blocks)
	if n <= k || k < 1 {
		return slices.Clone(d.blocks)
	}
	// best[j] is the least cost of serving blocks 0..j by so many classes; the last of them serves
	// from[j]..j.
	best := make([]float64, n)
	for j := range best {
		best[j] = d.cost(0, j)
	}
	from := make([][]int32, k)
	for classes := 1; classes < k; classes++ {
		from[classes] = make([]int32, n)
		next := slices.Repeat([]float64{math.Inf(1)}, n)
		d.row(best, next, from[classes], classes, n-1, classes, n-1)
		best = next
	}
	table := make([]int64, k)
	for classes, j := k-1, n-1; classes >= 0; classes-- {
		table[classes] = d.blocks[j]
		if classes > 0 {
			j = int(from[classes][j]) - 1
		}
	}
	return table
}

// row fills next[lo..hi]. The best beginnings of the last class lie in [first, last] and ascend with j, so
// the one in the middle divides the others.
func (d *Demand) row(best, next []float64, from []int32, lo, hi, first, last int) {
	if lo > hi {
		return
	}
	mid := (lo + hi) / 2
	for begin := first; begin <= min(mid, last); begin++ {
		if c := best[begin-1] + d.cost(begin, mid); c < next[mid] {
			next[mid], from[mid] = c, int32(begin)
		}
	}
	d.row(best, next, from, lo, mid-1, first, int(from[mid]))
	d.row(best, next, from, mid+1, hi, int(from[mid]), last)
}

// InTable returns the function that Waste needs for a table of ascending block sizes. The table has a block
// for each size.
func InTable(table []int64) func(size int64) int64 {
	return func(size int64) int64 {
		i, _ := slices.BinarySearchFunc(table, size, cmp.Compare[int64])
		return table[i]
	}
}

// OnAshlar is the block size of package sizeclass.
func OnAshlar(size int64) int64 { return int64(sizeclass.GoodSize(int(size))) }

// OnGo is the block size of the Go heap for memory without pointers. The growth of a slice shows it.
func OnGo(size int64) int64 { return int64(cap(append([]byte(nil), make([]byte, size)...))) }

// OnPowers is the smallest power of two that is at least the size.
func OnPowers(size int64) int64 {
	block := int64(Granule)
	for block < size {
		block *= 2
	}
	return block
}
