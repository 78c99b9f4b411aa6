// SPDX-License-Identifier: Apache-2.0

package sizeclass

import "math/bits"

// A Fit is the class that serves a size together with a code for how much of
// the block the size fills, packed so that both and the offset of a row in a
// table with rows of 64 bytes come from one addition:
//
//	Fit = Class·64 + code        0 ≤ code < 64
//
// The code counts 64ths of the step from the class below: 0 is the smallest size
// of the class or close to it, 63 the block size. It means bytes only by way of
// Class.Requested.
type Fit uint

// FitBits is the width of the code in a Fit.
const FitBits = 6

// exact is the exponent at which a quantum of the code is a byte.
const exact = FitBits - granuleShift

// FitOf returns the fit of a request of size bytes; its class is Of(size).
//
// It is the caller's duty that 1 <= size < LargeMin: FitOf is on the path of
// every allocation and does not check.
func FitOf(size int) Fit {
	x := uint(size - 1)
	e := uint(bits.Len(x|steps*Granule)-granuleShift-stepsShift-1) & (bits.UintSize - 1)
	return Fit(e<<(stepsShift+FitBits) + x<<(FitBits-granuleShift)>>e)
}

// FitFor puts a Fit together from its class and its code.
func FitFor(c Class, code uint8) Fit { return Fit(c)<<FitBits + Fit(code) }

// Class returns the class.
func (f Fit) Class() Class { return Class(f >> FitBits) }

// Code returns the code.
func (f Fit) Code() uint8 { return uint8(f & (1<<FitBits - 1)) }

// Row returns Class·64, the offset in bytes of the class' row of 64 bytes.
func (f Fit) Row() uintptr { return uintptr(f &^ (1<<FitBits - 1)) }

// Max returns the largest request in bytes that has this fit. Up to 1 KiB, every size
// has a fit of its own.
func (f Fit) Max() int {
	c := f.Class()
	e, code := c.exponent(), int(f.Code())
	above := code >> max(exact-int(e), 0) // a quantum is a fraction of a byte, or a byte
	if e > exact {
		above = (code+1)<<(e-exact) - 1
	}
	return min(c.MinRequest()+above, LargeMin-1)
}

// Requested turns the sum of the codes of n blocks of the class into the bytes
// that were asked for in these blocks.
//
// The result is exact for blocks up to 1 KiB. Above, a code counts quanta of
// 1/64 step and the rest was dropped; the mean of what could be dropped is added
// back for each block, so the error is below half a quantum per block, which is
// less than 1/1024 of the block.
//
// The sum and n may come from counters read while others change them: whatever
// they are, the result is what n requests of the class can come to.
func (c Class) Requested(codeSum, n uint64) uint64 {
	e := c.exponent()
	least := n * uint64(c.MinRequest())
	most := n * uint64(c.Size())
	var above uint64
	if e < exact {
		// A quantum is a fraction of a byte, and codes are multiples of a byte's.
		above = codeSum >> (exact - e)
	} else {
		// The e−exact bits that were dropped are 0 … 2^(e−exact)−1.
		above = codeSum<<(e-exact) + (n<<(e-exact)-n)/2
	}
	return min(least+min(above, most), most)
}
