// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// FuzzSizeClass compares the arithmetic of size classes with searching and
// dividing.
func FuzzSizeClass(f *testing.F) {
	sizes := blockSizes()
	if len(sizes) != sizeclass.Count {
		f.Fatalf("there are %d classes, want %d", sizeclass.Count, len(sizes))
	}
	for c, size := range sizes {
		blocks := sizeclass.Class(c).Blocks()
		for _, off := range []int{0, size - 1, size, (blocks - 1) * size, blocks*size - 1, blocks * size} {
			f.Add(uint32(size), uint32(off), uint8(c))
			f.Add(uint32(size+1), uint32(off), uint8(1))
			f.Add(uint32(size-1), uint32(off), uint8(255))
		}
	}
	f.Fuzz(func(t *testing.T, size, other uint32, n uint8) {
		request := 1 + int(size%(sizeclass.LargeMin-1))
		other %= 1 << 24
		for _, err := range []error{
			checkSize(sizes, request),
			checkSize(sizes, max(request-1, 1)),
			checkCodes(request, int(other), uint64(n)),
			checkIndex(sizeclass.Of(request), int(other)),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
