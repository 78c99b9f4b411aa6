// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_portable

package percpu

import (
	"sync/atomic"
	"testing"
)

// All slots can be held at once, each by one; who comes then waits for one.
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
	var letGo atomic.Bool
	got := make(chan int)
	go func() {
		id := Pin()
		if !letGo.Load() {
			id = -1
		}
		got <- id
	}()
	letGo.Store(true)
	Unpin(freed)
	if id := <-got; id != freed {
		t.Errorf("the only free slot is %d, got %d", freed, id)
	}
	for id := range n {
		Unpin(id)
	}
}
