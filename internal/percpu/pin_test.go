// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable && !ashlar_interleave

package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// TestIDBelowGOMAXPROCS: the id is below GOMAXPROCS, which cannot change during a section.
func TestIDBelowGOMAXPROCS(t *testing.T) {
	processors(t, 1)
	var done atomic.Bool
	var wg sync.WaitGroup
	var wrong atomic.Int64
	for range 8 {
		wg.Go(func() {
			for !done.Load() {
				id := Pin()
				n := runtime.GOMAXPROCS(0)
				Unpin(id)
				if id < 0 || id >= n {
					wrong.Add(1)
				}
				runtime.Gosched() // otherwise the world could hardly ever be stopped
			}
		})
	}
	for i := range 60 {
		runtime.GOMAXPROCS(1 + i%5)
		runtime.Gosched()
	}
	done.Store(true)
	wg.Wait()
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d ids were not below GOMAXPROCS", n)
	}
}
