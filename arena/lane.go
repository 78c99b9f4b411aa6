// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"runtime"

	"github.com/ashlar-go/ashlar/internal/percpu"
)

// A lane is the window of one processor in a concurrent arena. Only a goroutine that is
// pinned to the processor may touch it, and Reset and Free, which run alone. The race
// detector does not know of pinning, so functions that touch lanes are compiled without it.
type lane struct {
	bump
	_ [128 - 2*wordSize]byte // two cache lines: processors fetch pairs
}

const wordSize = 32 << (^uintptr(0) >> 63) / 8

// cut cuts n > 0 bytes off the window and returns their address, or 0 if the window has
// fewer.
func (b *bump) cut(n uintptr) (p uintptr) {
	if n-1 < b.limit-b.next { // if n is 0, n-1 is the largest uintptr
		p = b.next
		b.next = p + n
	}
	return p
}

// newLanes returns a lane for each slot that package percpu can have. Processors that are
// added later have no lane, and share the core's lock.
func newLanes() []lane { return make([]lane, max(3*runtime.GOMAXPROCS(0), runtime.NumCPU(), 8)) }

// fromLane returns n bytes from the processor's lane, or 0 if the lane has fewer. They are
// aligned to 8 bytes.
//
//go:norace
//go:nosplit
func (a *Arena) fromLane(n uintptr) (p uintptr) {
	id := percpu.Pin()
	if uint(id) < uint(len(a.lanes)) {
		p = a.lanes[id].cut(n)
	}
	percpu.Unpin(id)
	return p
}

// A new window of a lane has 1/laneShare of the arena's bytes, at least minLane and at
// most maxLane bytes.
const (
	laneShare = 64
	minLane   = 4 << 10
	maxLane   = 16 << 10
)

// refillLane returns n bytes from an own block or from a new window. The rest of the window
// goes to the processor's lane.
func (a *Arena) refillLane(op string, n, align uintptr) (uintptr, error) {
	var w window
	t, err := a.core.try(func() (err error) {
		w, err = a.newLaneWindow(op, n, align)
		return err
	})
	w.clear()
	a.core.report(t)
	if err != nil {
		return 0, a.core.fail(op, n, err)
	}
	if rest := w.at + n; rest < w.limit {
		if lost := a.install(rest, w.limit); lost > 0 { // the other processors use the line of the counter
			a.core.lost.Add(int64(lost))
		}
	}
	return w.at, nil
}

// newLaneWindow is refillLane for a caller that holds the core's lock.
func (a *Arena) newLaneWindow(op string, n, align uintptr) (window, error) {
	c := a.core
	if err := c.ready(op); err != nil {
		return window{}, err
	}
	if c.isLarge(n, align) {
		return c.block(n, align)
	}
	want := min(max(c.taken/laneShare, minLane), maxLane)
	if n > want/4 {
		want = n // the lane keeps its window
	}
	return c.window(n, align, want)
}

// install gives the window to the processor's lane, unless the lane has more left. It
// returns how many bytes are lost.
//
//go:norace
func (a *Arena) install(next, limit uintptr) (lost uintptr) {
	lost = limit - next
	id := percpu.Pin()
	if id < len(a.lanes) {
		l := &a.lanes[id]
		switch {
		case l.limit == next:
			l.limit = limit
			lost = 0
		case l.limit-l.next < lost:
			lost = l.limit - l.next
			l.bump = bump{next, limit}
		}
	}
	percpu.Unpin(id)
	return lost
}

// closeLanes ends all windows. Nobody else may use the arena.
//
//go:norace
func (a *Arena) closeLanes() {
	for i := range a.lanes {
		a.lanes[i].bump = bump{}
	}
}
