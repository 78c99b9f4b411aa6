// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"sync"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// A gate lets calls that use a mapping run at the same time, and makes each call that changes
// the mapping run alone. A sync.RWMutex would not suffice, because users enter again from
// inside: a function that Catch runs calls methods of its region. Such a method must not wait
// for a Resize that waits for the function. So users have priority over changes. Only the
// call that closes the gate keeps new users out.
type gate struct {
	mu      sync.Mutex
	changed sync.Cond
	users   int
	busy    bool // a call changes the mapping
	closing bool // a call waits to close the gate
	closed  bool
}

func (g *gate) init() { g.changed.L = &g.mu }

// shut reports whether nobody can enter any more. A gate without init is shut.
func (g *gate) shut() bool { return g.closed || g.changed.L == nil }

// enter waits for a change to end and counts a user, or returns ErrClosed.
func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.busy {
		g.changed.Wait()
	}
	if g.shut() || g.closing {
		return vm.ErrClosed
	}
	g.users++
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users--; g.users == 0 {
		g.changed.Broadcast()
	}
}

// acquire waits until the caller is alone, or returns ErrClosed.
func (g *gate) acquire() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.users > 0 || g.busy {
		if g.closed || g.closing {
			return vm.ErrClosed
		}
		g.changed.Wait()
	}
	if g.shut() {
		return vm.ErrClosed
	}
	g.busy = true
	return nil
}

// acquireLast does what acquire does, for the call that closes the gate. Nobody can enter
// after it.
func (g *gate) acquireLast() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.users > 0 || g.busy {
		g.closing = true
		g.changed.Wait()
	}
	g.closing = false
	if g.shut() {
		return vm.ErrClosed
	}
	g.busy = true
	return nil
}

// release ends what acquire or acquireLast began. If closed is set, it shuts the gate.
func (g *gate) release(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy, g.closed = false, closed
	g.changed.Broadcast()
}
