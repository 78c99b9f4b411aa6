// SPDX-License-Identifier: Apache-2.0

package alloc

import "testing"

// TestStatsStopsNobody: goroutines whose caches have blocks can allocate and free while all
// locks are held that a snapshot takes for small blocks. Otherwise this test would
// deadlock.
func TestStatsStopsNobody(t *testing.T) {
	a := open(t, still)
	l := a.NewLocal()
	defer l.Close()
	pair := func() {
		p, err := l.Malloc(64)
		if err != nil {
			t.Fatal(err)
		}
		l.Free(p)
	}
	pair() // fills the cache
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.depots {
		defer a.depots[i].Acquire()()
	}
	for range 1000 {
		pair()
	}
}
