// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// maxIDs is larger than every id in these tests, in both implementations.
const maxIDs = 1024

// bump adds one to a counter that only the holder of its slot may touch. It waits between
// the read and the write, so that two holders at once would lose a count. The race detector
// does not know pinning, so it is disabled here.
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

// TestSynchronizeWaits: Synchronize returns only after sections that began before it have
// ended.
func TestSynchronizeWaits(t *testing.T) {
	processors(t, 2)
	for round := range 20 {
		var pinned, called, ended atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			id := Pin()
			pinned.Store(true)
			// The collector may have stopped the caller of Synchronize while it waits
			// for this section. So this loop does not wait forever.
			for i := 0; i < 1e7 && !called.Load(); i++ {
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
		called.Store(true)
		Synchronize()
		if !ended.Load() {
			t.Fatalf("round %d: Synchronize returned while a section was running", round)
		}
		wg.Wait()
	}
}

// TestTakeAway: state that was unpublished has no user after Synchronize.
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
				runtime.Gosched() // otherwise the world could hardly ever be stopped
			}
		})
	}
	for range 200 {
		old := current.Swap(new(state))
		Synchronize()
		if n := old.users.Load(); n != 0 {
			t.Errorf("%d sections use state that was taken away", n)
		}
	}
	done.Store(true)
	wg.Wait()
}

// TestMoments: a moment passes when a grace period that began after it is over, and not before.
func TestMoments(t *testing.T) {
	first := Now()
	if first.HasPassed() {
		t.Error("the present has passed")
	}
	Synchronize()
	second := Now()
	if !first.HasPassed() || second.HasPassed() {
		t.Errorf("after a grace period the moment before it has passed: %v, the one after it: %v", first.HasPassed(), second.HasPassed())
	}
	// One that is under way is none that began later.
	processors(t, 2)
	var pinned, done atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		id := Pin()
		pinned.Store(true)
		for i := 0; i < 1e7 && !done.Load(); i++ {
			spin()
		}
		Unpin(id)
	})
	for !pinned.Load() {
		runtime.Gosched()
	}
	begun := grace.begun.Load()
	wg.Go(Synchronize)
	for i := 0; i < 1e6 && grace.begun.Load() == begun; i++ {
		spin() // no call that could be preempted: the world is about to be stopped
	}
	during := Now()
	done.Store(true)
	wg.Wait()
	if uint64(during) > begun && during.HasPassed() {
		t.Error("a grace period that had begun before makes a moment pass")
	}
}
