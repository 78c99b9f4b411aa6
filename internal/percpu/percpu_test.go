// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// maxIDs is more than the ids of these tests, in either implementation.
const maxIDs = 1024

// bump adds one to a counter that only the holder of its slot may touch. It takes
// its time, so that two holders would notice each other. The race detector knows
// nothing of pinning and is kept out.
//
//go:norace
func bump(counter *int) {
	n := *counter
	for range 20 {
		spin()
	}
	*counter = n + 1
}

//go:noinline
func spin() {}

// processors sets GOMAXPROCS for the rest of the test.
func processors(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func TestExclusive(t *testing.T) {
	const workers, rounds = 32, 5000
	processors(t, 4)
	var counters [maxIDs]struct {
		n int
		_ [56]byte
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				id := Pin()
				bump(&counters[id].n)
				Unpin(id)
			}
		})
	}
	wg.Wait()
	sum := 0
	for i := range counters {
		sum += counters[i].n
	}
	if sum != workers*rounds {
		t.Errorf("the slots count %d sections, there were %d", sum, workers*rounds)
	}
}

// Synchronize returns only after sections that began before it have ended.
func TestSynchronizeWaits(t *testing.T) {
	processors(t, 2)
	for round := range 20 {
		var pinned, asked, ended atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			id := Pin()
			pinned.Store(true)
			// The asker may be stopped, by the collector waiting for this section:
			// so this does not wait for it for ever.
			for i := 0; i < 1e7 && !asked.Load(); i++ {
				spin()
			}
			for range 200_000 {
				spin()
			}
			ended.Store(true)
			Unpin(id)
		})
		for !pinned.Load() {
			runtime.Gosched()
		}
		asked.Store(true)
		Synchronize()
		if !ended.Load() {
			t.Fatalf("round %d: Synchronize returned while a section was running", round)
		}
		wg.Wait()
	}
}

// What the package is for: after unpublishing and Synchronize, state that
// sections reach is nobody else's.
func TestTakeAway(t *testing.T) {
	processors(t, 4)
	type state struct{ users atomic.Int32 }
	var current atomic.Pointer[state]
	current.Store(new(state))
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !done.Load() {
				id := Pin()
				s := current.Load()
				s.users.Add(1)
				for range 50 {
					spin()
				}
				s.users.Add(-1)
				Unpin(id)
				runtime.Gosched() // or the world could hardly ever be stopped
			}
		})
	}
	for range 200 {
		old := current.Swap(new(state))
		Synchronize()
		if n := old.users.Load(); n != 0 {
			t.Errorf("%d sections use what was taken away", n)
		}
	}
	done.Store(true)
	wg.Wait()
}
