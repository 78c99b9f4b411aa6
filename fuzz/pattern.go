// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"iter"
	"math/rand/v2"
	"sync"
)

// Each block is filled with its own pattern: noise that begins at an offset which depends
// on the block's number. A byte is a function of the block and the position. So a byte
// from another block or another position is recognised.
//
// The period is prime, so that the same positions in two pages differ.
const period = 65521

// noise contains two periods, so that one period can be copied from any offset.
var noise = sync.OnceValue(func() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 2*period)
	for i := range period {
		b[i] = byte(r.Uint32())
	}
	copy(b[period:], b[:period])
	return b
})

// from returns one period of the pattern of block id, starting at byte off.
func from(id, off int) []byte {
	start := int((uint64(id)*40503 + uint64(off)) % period)
	return noise()[start : start+period]
}

// fill writes the pattern of block id, starting at byte off, to b.
func fill(b []byte, id, off int) {
	for len(b) > 0 {
		n := copy(b, from(id, off))
		b, off = b[n:], off+n
	}
}

// wrong returns the position of the first byte of b that differs from what fill writes,
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

// Page faults take most of the time of a run, so long blocks are filled in part only: the
// first and the last edgeBytes, and markBytes at regular distances. The ends are shorter if
// blocks are filled completely only up to less than twice edgeBytes.
const (
	denseBytes  = 48 << 10 // blocks up to this length are filled completely
	sparseBytes = 2 << 10  // or only up to this length, if there are many of them
	edgeBytes   = 1 << 10
	markBytes   = 64
	markEvery   = 28<<10 + 72
)

// marks yields the ranges [lo, hi) of a block of n bytes that are written and verified.
// Blocks of at most whole bytes are filled completely.
func marks(n, whole int) iter.Seq2[int, int] {
	return func(yield func(lo, hi int) bool) {
		if n <= whole {
			yield(0, n)
			return
		}
		edge := min(edgeBytes, whole/2)
		if !yield(0, edge) {
			return
		}
		for at := markEvery; at+markBytes <= n-edge; at += markEvery {
			if !yield(at, at+markBytes) {
				return
			}
		}
		yield(n-edge, n)
	}
}

// mark writes the pattern of block id to the marks of b.
func mark(b []byte, whole, id int) {
	for lo, hi := range marks(len(b), whole) {
		fill(b[lo:hi], id, lo)
	}
}

// unmarked returns the position of the first byte of b that differs from what mark writes
// to a block of n bytes, -1 if there is none. b may be shorter than n.
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

// nonZero returns the position of the first byte of b that is not zero, -1 if there is
// none. If b is long, it examines both ends and a piece of each page.
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
