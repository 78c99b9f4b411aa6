// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"iter"
	"math/rand/v2"
	"sync"
)

// Each block is filled with a pattern of its own: noise, from an offset that
// depends on the block's number. The byte at a position is a function of both,
// so bytes that strayed from another block or another position are recognised.
//
// The period is prime, so that equal positions of two pages differ.
const period = 65521

// noise holds two periods, so that one of them can be copied from any offset.
var noise = sync.OnceValue(func() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 2*period)
	for i := range period {
		b[i] = byte(r.Uint32())
	}
	copy(b[period:], b[:period])
	return b
})

// from returns a period of the pattern of block id, beginning at byte off.
func from(id, off int) []byte {
	start := int((uint64(id)*40503 + uint64(off)) % period)
	return noise()[start : start+period]
}

// fill writes what bytes off and following of block id hold.
func fill(b []byte, id, off int) {
	for len(b) > 0 {
		n := copy(b, from(id, off))
		b, off = b[n:], off+n
	}
}

// wrong returns the position of the first byte of b that is not as fill wrote it,
// -1 if there is none.
func wrong(b []byte, id, off int) int {
	for at := 0; at < len(b); {
		p := from(id, off+at)
		n := min(len(p), len(b)-at)
		if !bytes.Equal(b[at:at+n], p[:n]) {
			return at + differ(b[at:at+n], p)
		}
		at += n
	}
	return -1
}

// differ returns the first position at which a and b differ.
func differ(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

// Most of the time of a run is page faults, so long blocks are not filled wholly:
// the first and last edgeBytes are, and markBytes every so many.
const (
	denseBytes  = 48 << 10 // blocks up to here are filled wholly,
	sparseBytes = 2 << 10  // or only to here, if there are many of them
	edgeBytes   = 1 << 10
	markBytes   = 64
	markEvery   = 28<<10 + 72
)

// marks yields the ranges [lo, hi) of a block of n bytes that are written and
// verified; blocks of up to whole bytes are filled.
func marks(n, whole int) iter.Seq2[int, int] {
	return func(yield func(lo, hi int) bool) {
		if n <= whole {
			yield(0, n)
			return
		}
		if !yield(0, edgeBytes) {
			return
		}
		for at := markEvery; at+markBytes <= n-edgeBytes; at += markEvery {
			if !yield(at, at+markBytes) {
				return
			}
		}
		yield(n-edgeBytes, n)
	}
}

// mark writes the pattern of block id to the marks of b.
func mark(b []byte, whole, id int) {
	for lo, hi := range marks(len(b), whole) {
		fill(b[lo:hi], id, lo)
	}
}

// unmarked returns the position of the first byte of b that is not as mark wrote
// it to a block of n bytes, -1 if there is none. b may be shorter than n.
func unmarked(b []byte, n, whole, id int) int {
	for lo, hi := range marks(n, whole) {
		hi = min(hi, len(b))
		if lo >= hi {
			break
		}
		if at := wrong(b[lo:hi], id, lo); at >= 0 {
			return lo + at
		}
	}
	return -1
}

const zeroPage = 4 << 10

var zeros [zeroPage]byte

// nonZero returns the position of the first byte of b that is not zero, -1 if
// there is none. Of a long b it looks at the ends and a piece of each page.
func nonZero(b []byte) int {
	const all = 512 << 10
	for at := 0; at < len(b); at += zeroPage {
		n := min(zeroPage, len(b)-at)
		if at > all && len(b)-at > 2*zeroPage {
			n = markBytes
		}
		if !bytes.Equal(b[at:at+n], zeros[:n]) {
			return at + differ(b[at:at+n], zeros[:])
		}
	}
	return -1
}
