// SPDX-License-Identifier: Apache-2.0

package sizeclass

import (
	"math"
	"math/rand/v2"
	"testing"
)

// unit returns the bytes that one unit of a size code of c stands for, at least 1.
func unit(c Class) uint64 {
	step := uint64(c.Size() - c.MinRequest() + 1)
	return max(step/64, 1)
}

func TestClassCodeAgreesWithOf(t *testing.T) {
	for size := 1; size < LargeMin; size++ {
		cc := ClassCodeOf(size)
		if cc.Class() != Of(size) || cc.Code() > 63 || cc.Row() != uintptr(Of(size))*64 {
			t.Fatalf("ClassCodeOf(%d) has class %d, code %d, row %d; Of gives %d, and a code has 6 bits",
				size, cc.Class(), cc.Code(), cc.Row(), Of(size))
		}
	}
}

// TestMaxOfClassCode: Max is the last size before the ClassCode changes.
func TestMaxOfClassCode(t *testing.T) {
	largest := LargeMin - 1 // the largest size with the ClassCode of size
	for size := LargeMin - 1; size > 0; size-- {
		cc := ClassCodeOf(size)
		if cc != ClassCodeOf(largest) {
			largest = size
		}
		if got := cc.Max(); got != largest {
			t.Fatalf("ClassCodeOf(%d).Max() = %d, want %d", size, got, largest)
		}
		if size <= 1024 && largest != size {
			t.Fatalf("%d and %d bytes have the same ClassCode", size, largest)
		}
	}
}

func TestRequestedOfOneBlock(t *testing.T) {
	for size := uint64(1); size < LargeMin; size++ {
		cc := ClassCodeOf(int(size))
		c := cc.Class()
		got := c.Requested(uint64(cc.Code()), 1)
		// The mean that is added is at most half a unit off.
		if off := max(got, size) - min(got, size); off > unit(c)/2 {
			t.Fatalf("a request of %d bytes decodes to %d, a unit is %d", size, got, unit(c))
		}
		if c.Size() <= 1024 && got != size {
			t.Fatalf("a request of %d bytes decodes to %d, want exactly that", size, got)
		}
	}
}

// TestRequestedOfManyBlocks: the sum of the size codes of many blocks decodes to the sum
// of their requests.
func TestRequestedOfManyBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for c := range Class(Count) {
		const n = 1000
		var codes, requested uint64
		low, high := c.MinRequest(), min(c.Size(), LargeMin-1)
		for range n {
			size := low + rng.IntN(high-low+1)
			codes += uint64(ClassCodeOf(size).Code())
			requested += uint64(size)
		}
		got := c.Requested(codes, n)
		off := max(got, requested) - min(got, requested)
		switch {
		case c.Size() <= 1024 && off != 0:
			t.Errorf("class %d: %d requested bytes decode to %d, want exactly that", c, requested, got)
		case off > n*unit(c)/2:
			t.Errorf("class %d: %d requested bytes decode to %d, more than half a unit of %d per block off",
				c, requested, got, unit(c))
		case off > n*uint64(c.Size())/1024:
			t.Errorf("class %d: %d requested bytes decode to %d, 1/1024 of the blocks is %d",
				c, requested, got, n*c.Size()/1024)
		case off > n*unit(c)/10:
			// The errors of uniform sizes cancel out.
			t.Errorf("class %d: the mean of the errors is %d of a unit of %d", c, off/n, unit(c))
		}
	}
}

// TestRequestedOfTornCounters: counters that are read while they change can give a sum and
// a count that do not belong together. They decode to bytes that n blocks can have.
func TestRequestedOfTornCounters(t *testing.T) {
	for c := range Class(Count) {
		for _, n := range []uint64{0, 1, 2, 1000} {
			lowest, highest := n*uint64(c.MinRequest()), n*uint64(c.Size())
			for _, codes := range []uint64{0, 1, 2, 3, 63 * n, 63*n + 1, 63 * (n + 1), 1 << 30} {
				if got := c.Requested(codes, n); got < lowest || got > highest {
					t.Errorf("class %d: codes of sum %d for %d blocks decode to %d, not in %d … %d",
						c, codes, n, got, lowest, highest)
				}
			}
		}
	}
	// More blocks than a process can have do not overflow.
	const n = math.MaxUint64 >> 20
	c := Class(Count - 1)
	if got, highest := c.Requested(63*n, n), n*uint64(c.Size()); got > highest || got < highest/100*99 {
		t.Errorf("%d full codes decode to %d, the maximum is %d", uint64(n), got, highest)
	}
}
