// SPDX-License-Identifier: Apache-2.0

//go:build memory.counters

package memory_test

import (
	"sync"
	"testing"
)

// TestCounters: the counters follow the live blocks, and are 0 at the end.
func TestCounters(t *testing.T) {
	a := newAllocator(t)
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 1000 {
				if p, err := a.UintptrMalloc(100); err == nil {
					_ = a.UintptrFree(p)
				}
			}
		})
	}
	users.Wait()
	if a.Allocs != 0 {
		t.Errorf("%d blocks are live", a.Allocs)
	}
	b, err := a.Malloc(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if a.Allocs != 1 || a.Bytes < 1<<20 || a.Mmaps < 1 {
		t.Errorf("with a block of 1 MiB: %+v", *a)
	}
	if b, err = a.Realloc(b, 8<<20); err != nil {
		t.Fatal(err)
	}
	if a.Allocs != 1 || a.Bytes < 8<<20 {
		t.Errorf("with a block of 8 MiB: %+v", *a)
	}
	_ = a.Free(b)
	_ = a.Trim()
	if a.Allocs != 0 || a.Bytes != 0 || a.Mmaps != 0 {
		t.Errorf("with everything freed and trimmed: %+v", *a)
	}
}
