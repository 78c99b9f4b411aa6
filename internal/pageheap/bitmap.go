// SPDX-License-Identifier: Apache-2.0

package pageheap

import "math/bits"

// A bitmap has one bit for each page of a chunk.
type bitmap [chunkPages / 64]uint64

// mask returns the bits of word i that lie in [from, to).
func mask(i, from, to int) uint64 {
	m := ^uint64(0)
	if lo := from - i*64; lo > 0 {
		m <<= lo
	}
	if hi := (i+1)*64 - to; hi > 0 {
		m &= ^uint64(0) >> hi
	}
	return m
}

func (b *bitmap) set(from, to int)       { setBits(b[:], from, to) }
func (b *bitmap) clear(from, to int)     { clearBits(b[:], from, to) }
func (b *bitmap) count(from, to int) int { return countBits(b[:], from, to) }

func setBits(b []uint64, from, to int) {
	for i := from / 64; i*64 < to; i++ {
		b[i] |= mask(i, from, to)
	}
}

func clearBits(b []uint64, from, to int) {
	for i := from / 64; i*64 < to; i++ {
		b[i] &^= mask(i, from, to)
	}
}

func countBits(b []uint64, from, to int) int {
	n := 0
	for i := from / 64; i*64 < to; i++ {
		n += bits.OnesCount64(b[i] & mask(i, from, to))
	}
	return n
}

// add sets the bits in [from, to) that are set in other.
func (b *bitmap) add(other *bitmap, from, to int) {
	for i := from / 64; i*64 < to; i++ {
		b[i] |= other[i] & mask(i, from, to)
	}
}

// addFree sets the bits in [from, to) that are not set in busy.
func (b *bitmap) addFree(busy *bitmap, from, to int) {
	for i := from / 64; i*64 < to; i++ {
		b[i] |= ^busy[i] & mask(i, from, to)
	}
}

func (b *bitmap) has(bit int) bool { return b[bit/64]>>(bit%64)&1 != 0 }

// overlaps reports whether a bit is set in both.
func (b *bitmap) overlaps(other *bitmap) bool {
	for i, w := range b {
		if w&other[i] != 0 {
			return true
		}
	}
	return false
}

// within reports whether all bits set in b are set in other.
func (b *bitmap) within(other *bitmap) bool {
	for i, w := range b {
		if w&^other[i] != 0 {
			return false
		}
	}
	return true
}

// next returns the first run of bits equal to one (ones) or zero at or after
// from: its first bit and the bit after its last. If there is none, first is
// chunkPages.
func (b *bitmap) next(from int, ones bool) (first, end int) {
	first = b.scan(from, ones)
	return first, b.scan(first, !ones)
}

// scan returns the first bit at or after from that has the given value, or chunkPages.
func (b *bitmap) scan(from int, ones bool) int { return scanBits(b[:], from, ones) }

// scanBits is scan for any number of bits.
func scanBits(b []uint64, from int, ones bool) int {
	var flip uint64
	if !ones {
		flip = ^flip
	}
	for i := from / 64; i < len(b); i++ {
		if w := (b[i] ^ flip) & mask(i, from, len(b)*64); w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return len(b) * 64
}

// find returns the first of the lowest n consecutive bits equal to one (ones)
// or zero, and the longest run that it met before. It returns -1 if no n bits in a row
// are equal.
func (b *bitmap) find(n int, ones bool) (first, longest int) {
	for at := 0; ; {
		first, end := b.next(at, ones)
		if first == chunkPages {
			return -1, longest
		}
		if end-first >= n {
			return first, longest
		}
		longest = max(longest, end-first)
		at = end
	}
}

// findIn returns the first of the lowest n consecutive bits equal to one (ones) or zero in
// [from, to), or -1.
func (b *bitmap) findIn(from, to, n int, ones bool) int {
	for first, end := b.next(from, ones); first < to; first, end = b.next(end, ones) {
		if min(end, to)-first >= n {
			return first
		}
	}
	return -1
}
