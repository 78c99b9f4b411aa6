// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/percpu"
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
// A call counts itself in the shard of the processor on which it begins, so that processors
// rarely share cache lines. It leaves by the same shard. Therefore the sum over the shards is
// never too low.
type gate struct {
	closed atomic.Bool
	shards [gateShards]gateShard
}

const gateShards = 16

type gateShard struct {
	inside atomic.Int64
	_      [56]byte // pads the shard to a cache line
}

// enter enters the gate and returns the shard whose leave ends the call. It returns nil if the
// gate is closed.
func (g *gate) enter() *gateShard {
	id := percpu.Pin()
	percpu.Unpin(id) // id only spreads the load over the shards
	s := &g.shards[id%gateShards]
	s.inside.Add(1)
	if interleave.Enabled {
		interleave.Point()
	}
	if g.closed.Load() {
		s.leave()
		return nil
	}
	return s
}

func (s *gateShard) leave() { s.inside.Add(-1) }

// close closes the gate and waits until no call is inside. The caller must not be inside. All
// concurrent calls of close wait.
func (g *gate) close() {
	g.closed.Store(true)
	if interleave.Enabled {
		interleave.Point()
	}
	for i := range g.shards {
		await(func() bool { return g.shards[i].inside.Load() == 0 })
	}
}

// await returns when done reports true. Another goroutine makes done true. await uses no
// primitive by which one goroutine wakes another, because the two may belong to different
// bubbles of testing/synctest.
func await(done func() bool) {
	if interleave.Enabled && interleave.Await(done) {
		return
	}
	const spins = 100
	for i := 0; !done(); i++ {
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
	s := a.gate.enter()
	if s == nil {
		return ErrClosed
	}
	defer s.leave()
	return f()
}
