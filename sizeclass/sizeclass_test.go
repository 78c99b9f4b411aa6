// SPDX-License-Identifier: Apache-2.0

package sizeclass_test

import (
	"math"
	"testing"

	inner "github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// TestClassesAreTheAllocators: the classes that users see are the classes of the allocator.
func TestClassesAreTheAllocators(t *testing.T) {
	for size := range inner.LargeMin {
		c, ok := sizeclass.Of(size)
		if want := inner.Of(max(size, 1)); !ok || int(c) != int(want) || c.Size() != want.Size() {
			t.Fatalf("Of(%d) = %d of %d bytes, %t; the allocator has class %d of %d bytes",
				size, c, c.Size(), ok, want, want.Size())
		}
		if size > 0 && (size < c.MinRequest() || size > c.Size()) {
			t.Fatalf("Of(%d) is a class for requests of %d to %d bytes", size, c.MinRequest(), c.Size())
		}
		if got := sizeclass.GoodSize(size); got != c.Size() {
			t.Fatalf("GoodSize(%d) = %d, and its class has blocks of %d bytes", size, got, c.Size())
		}
	}
}

func TestNoClass(t *testing.T) {
	for _, size := range []int{math.MinInt, -1, sizeclass.LargeMin, math.MaxInt} {
		if c, ok := sizeclass.Of(size); ok {
			t.Errorf("Of(%d) = %d, want none", size, c)
		}
	}
	if got := sizeclass.Class(sizeclass.Count).Size(); got != 0 {
		t.Errorf("a class that does not exist has blocks of %d bytes", got)
	}
}
