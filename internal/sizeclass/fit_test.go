// SPDX-License-Identifier: Apache-2.0

package sizeclass

import (
	"math"
	"math/rand/v2"
	"testing"
)

// quantum returns the bytes that one unit of a code of c stands for, at least 1.
func quantum(c Class) uint64 {
	step := uint64(c.Size() - c.MinRequest() + 1)
	return max(step/64, 1)
}

func TestFitAgreesWithOf(t *testing.T) {
	for size := 1; size < LargeMin; size++ {
		f := FitOf(size)
		if f.Class() != Of(size) || f.Code() > 63 || f.Row() != uintptr(Of(size))*64 {
			t.Fatalf("FitOf(%d) has class %d, code %d, row %d; Of gives %d, and a code has 6 bits",
				size, f.Class(), f.Code(), f.Row(), Of(size))
		}
	}
}

// Max is the last size before the fit changes.
func TestMaxOfFit(t *testing.T) {
	largest := LargeMin - 1 // that has the fit of size
	for size := LargeMin - 1; size > 0; size-- {
		f := FitOf(size)
		if f != FitOf(largest) {
			largest = size
		}
		if got := f.Max(); got != largest {
			t.Fatalf("FitOf(%d).Max() = %d, want %d", size, got, largest)
		}
		if size <= 1024 && largest != size {
			t.Fatalf("%d and %d bytes have the same fit", size, largest)
		}
	}
}

func TestRequestedOfOneBlock(t *testing.T) {
	for size := uint64(1); size < LargeMin; size++ {
		f := FitOf(int(size))
		c := f.Class()
		got := c.Requested(uint64(f.Code()), 1)
		// The mean error that is added back is at most half a quantum off.
		if off := max(got, size) - min(got, size); off > quantum(c)/2 {
			t.Fatalf("a request of %d bytes decodes to %d, a quantum is %d", size, got, quantum(c))
		}
		if c.Size() <= 1024 && got != size {
			t.Fatalf("a request of %d bytes decodes to %d, want exactly that", size, got)
		}
	}
}

// The sum of the codes of many blocks decodes to the sum of their requests.
func TestRequestedOfManyBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for c := range Class(Count) {
		const n = 1000
		var codes, asked uint64
		low, high := c.MinRequest(), min(c.Size(), LargeMin-1)
		for range n {
			size := low + rng.IntN(high-low+1)
			codes += uint64(FitOf(size).Code())
			asked += uint64(size)
		}
		got := c.Requested(codes, n)
		off := max(got, asked) - min(got, asked)
		switch {
		case c.Size() <= 1024 && off != 0:
			t.Errorf("class %d: %d requested bytes decode to %d, want exactly that", c, asked, got)
		case off > n*quantum(c)/2:
			t.Errorf("class %d: %d requested bytes decode to %d, more than half a quantum of %d per block off",
				c, asked, got, quantum(c))
		case off > n*uint64(c.Size())/1024:
			t.Errorf("class %d: %d requested bytes decode to %d, 1/1024 of the blocks is %d",
				c, asked, got, n*c.Size()/1024)
		case off > n*quantum(c)/10:
			// The errors of uniform sizes cancel out.
			t.Errorf("class %d: the mean of the errors is %d of a quantum of %d", c, off/n, quantum(c))
		}
	}
}

// A sum and a count that do not belong together, as racing counters give them,
// yield nothing that blocks cannot have.
func TestRequestedOfTornCounters(t *testing.T) {
	for c := range Class(Count) {
		for _, n := range []uint64{0, 1, 2, 1000} {
			least, most := n*uint64(c.MinRequest()), n*uint64(c.Size())
			for _, codes := range []uint64{0, 1, 2, 3, 63 * n, 63*n + 1, 63 * (n + 1), 1 << 30} {
				if got := c.Requested(codes, n); got < least || got > most {
					t.Errorf("class %d: codes of sum %d for %d blocks decode to %d, not in %d … %d",
						c, codes, n, got, least, most)
				}
			}
		}
	}
	// More blocks than a process can have do not overflow.
	const n = math.MaxUint64 >> 20
	c := Class(Count - 1)
	if got, most := c.Requested(63*n, n), n*uint64(c.Size()); got > most || got < most/100*99 {
		t.Errorf("%d full codes decode to %d, most is %d", uint64(n), got, most)
	}
}
