// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/stats"
)

// TestStatsWhileMoving: while free blocks and objects move from the caches to the depots and
// the large heap, every snapshot counts each of them once. Otherwise it would report too few
// live ones.
func TestStatsWhileMoving(t *testing.T) {
	a := open(t, still)
	const live = 100
	for i := range live {
		alloc(t, a, 1+i*100)
	}
	l := a.NewLocal()
	defer l.Close()
	for range fewer(200) {
		for _, m := range []Memory{a, l} { // fills the caches
			for size := 16; size < 100<<10; size += size / 4 {
				m.Free(alloc(t, m, size))
			}
		}
		a.Free(alloc(t, a, 200<<10))
		var s stats.Snapshot
		var wg sync.WaitGroup
		wg.Go(a.detach)
		wg.Go(func() { a.reclaimLocals(true) })
		for range 5 {
			if s = a.Stats(); s.Live() != live {
				t.Fatalf("%d blocks are live, a snapshot counts %d", live, s.Live())
			}
		}
		wg.Wait()
	}
}
