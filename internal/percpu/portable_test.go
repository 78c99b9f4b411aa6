// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_portable && !ashlar_interleave

package percpu

import (
	"sync/atomic"
	"testing"
)

// TestAllSlots: all slots can be held at once, each by one goroutine. Then Pin waits until a
// slot is free.
func TestAllSlots(t *testing.T) {
	n := spread()
	held := make([]bool, n)
	for range n {
		id := Pin()
		if id < 0 || id >= n || held[id] {
			t.Fatalf("id %d is out of range or held already", id)
		}
		held[id] = true
	}
	freed := n - 1
	var unpinned atomic.Bool
	got := make(chan int)
	go func() {
		id := Pin()
		if !unpinned.Load() {
			id = -1
		}
		got <- id
	}()
	unpinned.Store(true)
	Unpin(freed)
	if id := <-got; id != freed {
		t.Errorf("the only free slot is %d, got %d", freed, id)
	}
	for id := range n {
		Unpin(id)
	}
}
