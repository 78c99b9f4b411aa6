// SPDX-License-Identifier: Apache-2.0

package alloc

import "testing"

// TestStatsStopsNobody: who has blocks in a cache allocates and frees while all the
// locks of small blocks are held that a snapshot takes. If they did not, this would
// wait for itself.
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
