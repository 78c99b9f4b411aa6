// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"testing"

	"modernc.org/memory"
)

// TestHeaps: an Allocator's heap can be found while it is in use.
func TestHeaps(t *testing.T) {
	before := len(memory.Heaps())
	a := new(memory.Allocator)
	if n := len(memory.Heaps()); n != before {
		t.Errorf("%d heaps more before the first use", n-before)
	}
	if _, err := a.Malloc(100); err != nil {
		t.Fatal(err)
	}
	all := memory.Heaps()
	if len(all) != before+1 {
		t.Fatalf("%d heaps more, want 1", len(all)-before)
	}
	if s := all[before].Stats(); s.Live() != 1 {
		t.Errorf("%d blocks are live in it, want 1", s.Live())
	}
	if err := a.Close(); err != nil || len(memory.Heaps()) != before {
		t.Errorf("after Close: %d heaps more, %v", len(memory.Heaps())-before, err)
	}
}
