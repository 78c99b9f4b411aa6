// SPDX-License-Identifier: Apache-2.0

package sizeclass

import "math/bits"

// Class names a size class: class 0 has the smallest blocks, class Count−1 the largest.
// The zero value is a valid class: its blocks have 16 bytes.
type Class uint8

// Info is one row of the table: the geometry of a class and of its spans.
type Info struct {
	Size   uint32 // of a block, in bytes; a multiple of Granule
	Span   uint32 // bytes of a span; a multiple of PageSize
	Blocks uint32 // in a span
	Magic  uint32 // ⌈2^MagicShift / Size⌉, the reciprocal that Index multiplies by
}

// Of returns the class that serves a request of size bytes: the class with the
// smallest blocks that hold it.
//
// The caller ensures that 1 ≤ size < LargeMin. Of does not check that, because it is on the
// path of every allocation.
func Of(size int) Class {
	x := uint(size-1) >> granuleShift
	e := exponent(x)
	return Class(e<<stepsShift + x>>e)
}

// exponent returns how often the first 2·steps granules must be doubled to
// reach granule x. Setting the bit of value steps counts the granules below it as part of
// the first doubling, without a branch. The mask changes no value. It shows the compiler
// that a shift by the result needs no code for counts beyond the word. That code would cost
// more than the mask does.
func exponent(x uint) uint {
	return uint(bits.Len(x|steps)-stepsShift-1) & (bits.UintSize - 1)
}

// exponent returns e of the equations in the package documentation: blocks of
// the class lie Granule<<e bytes above those of the class below.
func (c Class) exponent() uint {
	return uint(max(c>>stepsShift, 1) - 1)
}

// MinRequest returns the smallest request in bytes that the class serves.
func (c Class) MinRequest() int {
	if c == 0 {
		return 1
	}
	return (c - 1).Size() + 1
}

// Size returns the size of a block in bytes.
func (c Class) Size() int { return int(table[c].Size) }

// SpanBytes returns the size of a span in bytes, a multiple of PageSize.
func (c Class) SpanBytes() int { return int(table[c].Span) }

// Blocks returns the number of blocks in a span.
func (c Class) Blocks() int { return int(table[c].Blocks) }

// Magic returns the reciprocal of the block size for use with Index.
func (c Class) Magic() uint32 { return table[c].Magic }

// Info returns the row of the table for c.
func (c Class) Info() Info { return table[c] }

// Index returns the number of the block that holds the byte at off. off counts bytes from
// the start of a span, and magic is the Magic of the span's class. The result is exact
// for every off within the span; in the tail it is the number of blocks. Index takes the
// magic and not the class because a span keeps its own copy of the magic, which saves
// loading the table's cache line.
func Index(off, magic uint32) uint32 {
	return uint32(uint64(off) * uint64(magic) >> MagicShift)
}

// GoodSize returns the size in bytes of the block that a request of n bytes gets, for n
// below LargeMin. Requesting that much instead costs nothing. A request of 0 bytes gets the
// smallest block, of Granule bytes, and a negative n is treated as 0.
//
// From LargeMin on no class serves the request, and GoodSize returns n. alloc.GoodSize
// knows the rounding of large objects too.
func GoodSize(n int) int {
	if n >= LargeMin {
		return n
	}
	return Of(max(n, 1)).Size()
}
