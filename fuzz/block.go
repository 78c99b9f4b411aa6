// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A block is the model's knowledge of a live block.
type block struct {
	addr      uintptr
	requested int // requested bytes, as the allocator counts them
	usable    int // bytes that no other block may contain
	known     int // bytes from the start that contain the pattern
	id        int // number of the pattern
	small     bool
	class     sizeclass.Class // of a small block
	align     int             // alignment that must be kept; 0: none
	busy      bool            // an operation uses it now
	dense     int             // length up to which the block is filled completely; 0: denseBytes

	// Of a slice: the type and the number of its elements. known = length · element size.
	slice    sliceType
	length   int
	capacity int

	index int // in shadow.live
}

func (b *block) String() string {
	return fmt.Sprintf("block #%d of %d bytes (%d usable) at %#x", b.id, b.requested, b.usable, b.addr)
}

func (b *block) pointer() unsafe.Pointer { return raw.Pointer(b.addr) }

// bytes returns the first n bytes.
func (b *block) bytes(n int) []byte { return raw.Bytes(b.addr, uintptr(n)) }

// fill writes the pattern.
func (b *block) fill() { mark(b.bytes(b.known), b.whole(), b.id) }

// whole returns the length up to which the block is filled completely.
func (b *block) whole() int {
	if b.dense > 0 {
		return b.dense
	}
	return denseBytes
}

// verify returns an error if the block does not contain its pattern.
func (b *block) verify() error { return b.verifyAt(b.addr, b.known) }

// verifyAt returns an error if the first n bytes of the pattern are not at addr. n is
// capped at known.
func (b *block) verifyAt(addr uintptr, n int) error {
	if at := unmarked(raw.Bytes(addr, uintptr(min(n, b.known))), b.known, b.whole(), b.id); at >= 0 {
		return fmt.Errorf("%v: byte %d at %#x has changed", b, at, addr)
	}
	return nil
}

// seam fills and returns the bytes just below offset n, which a copy that stops too early
// would miss. The range is empty if the block is shorter.
func (b *block) seam(n int) (lo, hi int) {
	if n <= 0 || n > b.known {
		return 0, 0
	}
	lo = max(n-markBytes, 0)
	fill(b.bytes(n)[lo:], b.id, lo)
	return lo, n
}

// seamAt returns an error if the bytes that seam wrote are not at addr.
func (b *block) seamAt(addr uintptr, lo, hi int) error {
	if at := wrong(raw.Bytes(addr+uintptr(lo), uintptr(hi-lo)), b.id, lo); at >= 0 {
		return fmt.Errorf("%v: byte %d of %d is missing at %#x", b, lo+at, hi, addr)
	}
	return nil
}
