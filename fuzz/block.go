// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A block is what the model knows of a live block.
type block struct {
	addr   uintptr
	asked  int // bytes, as the allocator counts them
	usable int // bytes that no other block may have
	known  int // bytes from the first that hold the pattern
	id     int // of the pattern
	small  bool
	class  sizeclass.Class // of a small one
	align  int             // to be kept; 0 where nothing is promised
	busy   bool            // an operation is at work on it
	sparse bool            // one of many: only its ends hold the pattern, if it is long

	// Of a slice: its elements, and their number. known = length · size of one.
	slice    sliceType
	length   int
	capacity int

	index int // in shadow.live
}

func (b *block) String() string {
	return fmt.Sprintf("block #%d of %d bytes (%d usable) at %#x", b.id, b.asked, b.usable, b.addr)
}

func (b *block) pointer() unsafe.Pointer { return raw.Pointer(b.addr) }

// bytes views the first n bytes.
func (b *block) bytes(n int) []byte { return raw.Bytes(b.addr, uintptr(n)) }

// fill writes the pattern.
func (b *block) fill() { mark(b.bytes(b.known), b.whole(), b.id) }

// whole returns up to which length the block is filled wholly.
func (b *block) whole() int {
	if b.sparse {
		return sparseBytes
	}
	return denseBytes
}

// verify reports whether the block holds its pattern.
func (b *block) verify() error { return b.verifyAt(b.addr, b.known) }

// verifyAt reports whether the first n bytes, at most, are at addr.
func (b *block) verifyAt(addr uintptr, n int) error {
	if at := unmarked(raw.Bytes(addr, uintptr(min(n, b.known))), b.known, b.whole(), b.id); at >= 0 {
		return fmt.Errorf("%v: byte %d at %#x is not what was written", b, at, addr)
	}
	return nil
}

// seam writes and returns the range of bytes just below n, where a copy that ends
// early would end. It is empty when the block does not hold so many.
func (b *block) seam(n int) (lo, hi int) {
	if n <= 0 || n > b.known {
		return 0, 0
	}
	lo = max(n-markBytes, 0)
	fill(b.bytes(n)[lo:], b.id, lo)
	return lo, n
}

// seamAt reports whether the range that seam wrote is at addr.
func (b *block) seamAt(addr uintptr, lo, hi int) error {
	if at := wrong(raw.Bytes(addr+uintptr(lo), uintptr(hi-lo)), b.id, lo); at >= 0 {
		return fmt.Errorf("%v: byte %d of %d did not move to %#x", b, lo+at, hi, addr)
	}
	return nil
}
