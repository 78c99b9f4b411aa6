// SPDX-License-Identifier: Apache-2.0

package sizeclass

import "math/bits"

// A ClassCode holds the class that serves a size, and the size code, which says how much
// of the block the size fills. One addition packs them. The result is also the offset of
// the class's row in a table with rows of 64 bytes, except for the low six bits:
//
//	ClassCode = Class·64 + size code        0 ≤ size code < 64
//
// The size code counts 64ths of the step from the class below. It is 0 for the smallest
// size of the class and sizes close to it, and 63 for the block size. Class.Requested
// turns size codes into bytes.
type ClassCode uint

// CodeBits is the width of the size code in a ClassCode.
const CodeBits = 6

// exact is the exponent at which a unit of the size code is one byte.
const exact = CodeBits - granuleShift

// ClassCodeOf returns the class, which is Of(size), and the size code of a request of
// size bytes.
//
// The caller ensures that 1 ≤ size < LargeMin. ClassCodeOf does not check that, because it
// is on the path of every allocation.
func ClassCodeOf(size int) ClassCode {
	x := uint(size - 1)
	e := uint(bits.Len(x|steps*Granule)-granuleShift-stepsShift-1) & (bits.UintSize - 1)
	return ClassCode(e<<(stepsShift+CodeBits) + x<<(CodeBits-granuleShift)>>e)
}

// ClassCodeFor returns the ClassCode of a class and a size code.
func ClassCodeFor(c Class, code uint8) ClassCode { return ClassCode(c)<<CodeBits + ClassCode(code) }

// Class returns the class.
func (cc ClassCode) Class() Class { return Class(cc >> CodeBits) }

// Code returns the size code.
func (cc ClassCode) Code() uint8 { return uint8(cc & (1<<CodeBits - 1)) }

// Row returns Class·64, the offset in bytes of the class's row in a table with rows of 64
// bytes.
func (cc ClassCode) Row() uintptr { return uintptr(cc &^ (1<<CodeBits - 1)) }

// Max returns the largest request in bytes that has this ClassCode. Up to 1 KiB, every
// size has a ClassCode of its own.
func (cc ClassCode) Max() int {
	c := cc.Class()
	e, code := c.exponent(), int(cc.Code())
	above := code >> max(exact-int(e), 0) // a unit is a fraction of a byte, or a byte
	if e > exact {
		above = (code+1)<<(e-exact) - 1
	}
	return min(c.MinRequest()+above, LargeMin-1)
}

// Requested turns the sum of the size codes of n blocks of the class into the bytes
// that were requested for these blocks.
//
// The result is exact for blocks up to 1 KiB. For larger blocks, a size code counts whole
// units of 1/64 step, and ClassCodeOf drops the rest of the size. Requested adds the mean
// of the dropped bytes for each block. So the error is below half a unit per block, which
// is less than 1/1024 of the block.
//
// The sum and n may come from counters that change while they are read. Whatever they are,
// the result is a sum that n requests of the class can have.
func (c Class) Requested(codeSum, n uint64) uint64 {
	e := c.exponent()
	lowest := n * uint64(c.MinRequest())
	highest := n * uint64(c.Size())
	var above uint64
	if e < exact {
		// A unit is a fraction of a byte. Each code counts whole bytes.
		above = codeSum >> (exact - e)
	} else {
		// The e−exact bits that were dropped are 0 … 2^(e−exact)−1.
		above = codeSum<<(e-exact) + (n<<(e-exact)-n)/2
	}
	return min(lowest+min(above, highest), highest)
}
