// SPDX-License-Identifier: Apache-2.0

package sizeclass

import "math/bits"

// Class names a size class: 0 is that of the smallest blocks, Count−1 that of
// the largest. The zero value is a valid class, that of 16-byte blocks.
type Class uint8

// Info is one row of the table: the geometry of a class and of its spans.
type Info struct {
	Size   uint32 // of a block, in bytes; a multiple of Granule
	Span   uint32 // bytes of a span; a multiple of PageSize
	Blocks uint32 // in a span
	Magic  uint32 // ⌈2^MagicShift / Size⌉, the reciprocal that Index multiplies by
}

// Of returns the class that serves a request of size bytes, that with the
// smallest blocks that hold it.
//
// It is the caller's duty that 1 <= size < LargeMin: Of is on the path of
// every allocation and does not check.
func Of(size int) Class {
	x := uint(size-1) >> granuleShift
	e := exponent(x)
	return Class(e<<stepsShift + x>>e)
}

// exponent returns how often the first 2·steps granules must be doubled to
// reach granule x. Setting the bit of value steps counts the granules below it
// to the first doubling, without a branch. The mask changes no value; it shows
// the compiler that a shift by the result needs no code for counts beyond the
// word, which would cost more than the mask does.
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

// Index returns the number of the block that holds the byte at off, counted in
// bytes from the start of a span of the class whose Magic is given. It is exact
// for every off within the span; in the tail it is the number of blocks. The
// magic is passed rather than the class because a span keeps its own copy,
// which saves the table's cache line.
func Index(off, magic uint32) uint32 {
	return uint32(uint64(off) * uint64(magic) >> MagicShift)
}

// GoodSize returns the bytes that a request of n bytes really gets: the block
// size of its class for n below LargeMin. Asking for that much instead costs
// nothing. A request of 0 bytes gets the smallest block, Granule bytes; so, for
// want of a better answer, does a negative n.
//
// From LargeMin on no class serves the request, and n is returned as it is;
// alloc.GoodSize knows the rounding of large objects too.
func GoodSize(n int) int {
	if n >= LargeMin {
		return n
	}
	return Of(max(n, 1)).Size()
}
