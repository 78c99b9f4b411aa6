// SPDX-License-Identifier: Apache-2.0

package sizeclass

import "github.com/ashlar-go/ashlar/internal/sizeclass"

const (
	// Granule is the smallest block size, in bytes. Every block size is a multiple
	// of it, and every block is aligned to it.
	Granule = sizeclass.Granule

	// LargeMin is the smallest request, in bytes, that no class serves.
	LargeMin = sizeclass.LargeMin

	// Count is the number of classes.
	Count = sizeclass.Count
)

// Class names a size class: 0 has the smallest blocks, Count−1 the largest.
// The zero value is the class of 16-byte blocks. Statistics list the classes in
// this order.
type Class uint8

// Of returns the class that serves a request of size bytes: the class with the smallest
// blocks that hold it. A request of 0 bytes gets the smallest block. ok is false if no class
// serves the request, because size is negative, or LargeMin or more.
func Of(size int) (c Class, ok bool) {
	if size < 0 || size >= LargeMin {
		return 0, false
	}
	return Class(sizeclass.Of(max(size, 1))), true
}

// Size returns the size of the blocks of the class in bytes. It is 0 for a Class
// of Count or more.
func (c Class) Size() int { return c.inside().Size() }

// MinRequest returns the smallest request, in bytes, that gets a block of the
// class and not one of a smaller class.
func (c Class) MinRequest() int { return c.inside().MinRequest() }

// inside returns the class in the type of the internal package.
func (c Class) inside() sizeclass.Class { return sizeclass.Class(c) }

// GoodSize returns the size in bytes of the block that a request of n bytes gets.
// Requesting that much instead costs nothing. A request of 0 bytes gets the
// smallest block, of Granule bytes, and a negative n is treated as 0.
//
// From LargeMin on no class serves the request, and GoodSize returns n.
func GoodSize(n int) int { return sizeclass.GoodSize(n) }
