// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"runtime"
	"weak"
)

// enter adds a reservation to the live ones and returns its Memory. When the collector finds
// the Memory unreachable, it calls dropped.
func (a *Allocator) enter(r *reservation) *Memory {
	m := &Memory{reservation: r}
	m.cleanup = runtime.AddCleanup(m, (*reservation).dropped, r)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.live == nil {
		a.live = map[*reservation]weak.Pointer[Memory]{}
	}
	a.live[r] = weak.Make(m)
	a.recent++
	return m
}

// forget releases a live reservation, and counts it as lost if it was dropped. It does both
// under mu, so that no other call sees a reservation that is half released.
func (a *Allocator) forget(r *reservation, dropped bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, live := a.live[r]; !live {
		return
	}
	delete(a.live, r)
	r.release()
	if dropped {
		a.lost++
	}
}

// dropped releases the reservation of an unreachable Memory.
func (r *reservation) dropped() { r.owner.forget(r, true) }

// reclaim runs the collector and releases the Memories that it finds unreachable. It reports
// whether there were any. The collector does not see the memory of dropped modules, and may
// not run for a long time by itself. Collecting is expensive, so unless urgent is set, reclaim
// runs it only if more than half of the live Memories were made since the last call.
func (a *Allocator) reclaim(urgent bool) bool {
	a.mu.Lock()
	worth, before := urgent || a.recent > len(a.live)/2, a.lost
	a.recent = 0
	a.mu.Unlock()
	if !worth {
		return false
	}
	runtime.GC() // clears the weak pointers to unreachable Memories
	var dropped []*reservation
	a.mu.Lock()
	for r, m := range a.live {
		if m.Value() == nil {
			dropped = append(dropped, r)
		}
	}
	a.mu.Unlock()
	for _, r := range dropped { // does nothing for those whose cleanup has run
		r.dropped()
	}
	return a.Lost() > before
}
