// SPDX-License-Identifier: Apache-2.0

package wazeromem

import (
	"runtime"
	"weak"
)

// enter notes a reservation and returns its Memory, whose end the collector reports.
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

// forget releases a reservation that is live, and counts it as lost if it was dropped.
// Whoever holds mu then finds nothing half released.
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

// dropped releases the reservation of a Memory that nobody has any more.
func (r *reservation) dropped() { r.owner.forget(r, true) }

// reclaim has the collector look for Memories that were dropped, and releases those. It
// reports whether there were any. The collector does not see the memory that dropped
// modules hold, and may not run for long. Unless it is urgent, so many Memories must be
// new since the last time that a share of them may have been dropped: collecting is
// expensive.
func (a *Allocator) reclaim(urgent bool) bool {
	a.mu.Lock()
	worth, before := urgent || a.recent > len(a.live)/2, a.lost
	a.recent = 0
	a.mu.Unlock()
	if !worth {
		return false
	}
	runtime.GC() // which clears the weak pointers to what is unreachable
	var dropped []*reservation
	a.mu.Lock()
	for r, m := range a.live {
		if m.Value() == nil {
			dropped = append(dropped, r)
		}
	}
	a.mu.Unlock()
	for _, r := range dropped { // if the cleanup has not come first
		r.dropped()
	}
	return a.Lost() > before
}
