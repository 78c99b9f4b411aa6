// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/release"
)

// A gate makes Close wait for running calls. Every call that works on the Allocator outside a
// pinned section is inside the gate while it does so: the slow paths of Malloc, Free and the
// like, and all maintenance. Such a call owns the memory that it takes off a list. It puts the
// memory back or releases it before it leaves the gate. Therefore Close finds all memory.
//
//	enter   returns nil if the gate is closed: the call then does nothing or fails with ErrClosed
//	leave   ends what enter began
//	close   lets no more calls enter, and waits for the calls inside
//
// Functions of the program (OnLimit, a Logger, the writer of a report) are called from outside
// the gate. They may close the Allocator.
//
// A call counts itself twice, when it enters and when it leaves, each time in the counters of
// the processor on which it runs then. Each processor has a cache line of counters, and
// writes to it while pinned. So a call needs no atomic operation. This is sleepable RCU
// (McKenney) with pinned sections in the place of memory barriers:
//
//	calls inside = Σ entered − Σ left + others
//
// The counters are read only after the gate was closed and a grace period has passed. Then
// every call that saw the gate open has counted itself, no other call enters, and Σ entered
// stays as it is.
type gate struct {
	closed atomic.Bool
	others atomic.Int64 // entered − left, of the calls that have no slot's counters
	_      [48]byte
	slots  [gateSlots]gateSlot
}

// gateSlots is the number of slots that have counters. The race detector does not know pinned
// sections, so in race builds every call is one of the others.
const gateSlots = 32

func hasCounters(slot int) bool { return slot < gateSlots && !raceannotate.Enabled }

// A gateSlot belongs to the holder of the slot with the same number.
type gateSlot struct {
	entered, left uintptr // modulo a word
	_             [64 - 2*wordSize]byte
}

// enter enters the gate, unless it is closed. It reports whether the caller is inside. The
// caller must call leave then.
func (g *gate) enter() bool {
	id := percpu.Pin()
	entered := g.enterPinned(id)
	percpu.Unpin(id)
	return entered
}

// enterPinned is enter for a caller that holds slot id.
func (g *gate) enterPinned(id int) bool {
	if g.closed.Load() {
		return false
	}
	if interleave.Enabled {
		interleave.Point()
	}
	if hasCounters(id) {
		g.slots[id].entered++ // close reads it after a grace period
	} else {
		g.others.Add(1)
	}
	return true
}

// leave ends what enter began.
func (g *gate) leave() {
	id := percpu.Pin()
	g.leavePinned(id)
	percpu.Unpin(id)
}

// leavePinned is leave for a caller that holds slot id.
func (g *gate) leavePinned(id int) {
	if hasCounters(id) {
		release.Store(&g.slots[id].left, g.slots[id].left+1)
	} else {
		g.others.Add(-1)
	}
}

// close closes the gate and waits until no call is inside. The caller must not be inside. All
// concurrent calls of close wait.
func (g *gate) close() {
	g.closed.Store(true)
	if interleave.Enabled {
		interleave.Point()
	}
	percpu.Synchronize()
	await(func() bool { return g.inside() == 0 })
}

// inside returns the number of calls inside the closed gate.
func (g *gate) inside() int64 {
	n := uintptr(g.others.Load())
	for i := range g.slots {
		s := &g.slots[i]
		if interleave.Enabled && s.entered != 0 {
			interleave.Point()
		}
		n += s.entered - atomic.LoadUintptr(&s.left)
	}
	return int64(int(n))
}

// await returns when done reports true. Another goroutine makes done true. await uses no
// primitive by which one goroutine wakes another, because the two may belong to different
// bubbles of testing/synctest.
func await(done func() bool) {
	const spins = 100
	for i := 0; !done(); i++ {
		if interleave.Enabled && interleave.Pause() {
			continue
		}
		if i < spins {
			runtime.Gosched()
		} else {
			time.Sleep(50 * time.Microsecond)
		}
	}
}

// inside runs f inside the gate. If the gate is closed, it fails with ErrClosed.
func (a *Allocator) inside(f func() error) error {
	a.init()
	if !a.gate.enter() {
		return ErrClosed
	}
	defer a.gate.leave()
	return f()
}
