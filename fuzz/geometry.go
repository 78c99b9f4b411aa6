// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// blockSizes returns the block sizes that package sizeclass documents, computed step by
// step instead of with its equations.
func blockSizes() []int {
	var sizes []int
	for n := 16; n <= 128; n += 16 {
		sizes = append(sizes, n)
	}
	for base := 128; base < sizeclass.LargeMin; base *= 2 {
		for i := 1; i <= 8; i++ {
			sizes = append(sizes, base+i*base/8)
		}
	}
	return sizes
}

// checkSize compares the results of package sizeclass for a request of size bytes with a
// search of the sizes.
func checkSize(sizes []int, size int) error {
	want := 0
	for sizes[want] < size {
		want++
	}
	c := sizeclass.Of(size)
	cc := sizeclass.ClassCodeOf(size)
	switch {
	case int(c) != want || c.Size() != sizes[want]:
		return fmt.Errorf("size %d: class %d of %d bytes, want %d of %d", size, c, c.Size(), want, sizes[want])
	case cc.Class() != c:
		return fmt.Errorf("size %d: class %d by ClassCodeOf, %d by Of", size, cc.Class(), c)
	case sizeclass.GoodSize(size) != sizes[want]:
		return fmt.Errorf("GoodSize(%d) = %d, want %d", size, sizeclass.GoodSize(size), sizes[want])
	}
	return nil
}

// checkCodes adds the size codes of two requests of a class n times each. It compares the
// decoded sum with the requested bytes.
func checkCodes(a, b int, n uint64) error {
	c := sizeclass.Of(a)
	lower := 0
	if c > 0 {
		lower = (c - 1).Size()
	}
	b = lower + 1 + b%(c.Size()-lower)
	codes := n * uint64(sizeclass.ClassCodeOf(a).Code()+sizeclass.ClassCodeOf(b).Code())
	got, want := int(c.Requested(codes, 2*n)), int(n)*(a+b)
	slack := 0
	if c.Size() > 1024 {
		slack = 2 * int(n) * c.Size() / 1024
	}
	if got < want-slack || got > want+slack {
		return fmt.Errorf("%d times %d and %d bytes count as %d, want %d", n, a, b, got, want)
	}
	return nil
}

// checkIndex compares the index of the block at offset off in a span of class c with a
// division.
func checkIndex(c sizeclass.Class, off int) error {
	off %= c.SpanBytes()
	got, want := int(sizeclass.Index(uint32(off), c.Magic())), off/c.Size()
	switch {
	case got != want:
		return fmt.Errorf("class %d, offset %d: block %d, want %d", c, off, got, want)
	case want > c.Blocks() || want == c.Blocks() && off < c.Blocks()*c.Size():
		return fmt.Errorf("class %d, offset %d: block %d of %d", c, off, want, c.Blocks())
	}
	return nil
}
