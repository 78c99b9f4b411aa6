// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// wantNoLive closes heap, which must have no live blocks.
func wantNoLive(t *testing.T, heap *alloc.Allocator) {
	t.Helper()
	if n := live(heap); n != 0 {
		t.Errorf("%d blocks are live at the end", n)
	}
	if err := heap.Close(); err != nil {
		t.Error(err)
	}
}

// live returns the number of blocks that were allocated and not freed.
func live(heap *alloc.Allocator) int64 {
	s := heap.Stats()
	n := s.Large.Live
	for _, c := range s.Classes {
		n += c.Live
	}
	return n
}
