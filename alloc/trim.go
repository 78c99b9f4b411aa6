// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"sync"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Trim gives everything unused back to the kernel now and returns how many bytes
// of RAM that were. It briefly stops the world to reach the caches of all
// processors; blocks cached by Locals stay with them.
func (a *Allocator) Trim() (freed int64) {
	a.init()
	_ = a.inside(func() error { // nothing is left after Close
		freed = a.trim()
		return nil
	})
	return freed
}

func (a *Allocator) trim() int64 {
	before := a.space.Footprint.Now()
	a.checked.flush("Trim")
	a.detach(func(int, uintptr) bool { return true })
	a.trimShared()
	return max(before-a.space.Footprint.Now(), 0) + metadata.Purge()
}

// trimShared gives back what is unused outside the caches.
func (a *Allocator) trimShared() {
	for c := range sizeclass.Class(sizeclass.Count) {
		a.releaseSpans(c, a.depots[c].Age(c, true))
	}
	_, _ = a.pages.Purge(true) // what the kernel refuses stays, to be tried again
	_, _ = a.large.Purge(true)
}

// retry runs try inside the gate, for op with a request of size bytes, until it succeeds,
// fails for another reason than lack of memory, or nothing more can be done about that:
// OnLimit is called, if it is the limit that is reached, and then what is unused is given
// back.
//
// The caches are left alone when it is the kernel that refuses: taking them away
// needs a little of the Go heap, and the Go runtime does not survive a no.
func (a *Allocator) retry(op string, size int, try func() error) error {
	err := a.inside(try)
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrLimit) && a.callOnLimit(size) {
		err = a.inside(try)
	}
	if errors.Is(err, ErrLimit) || errors.Is(err, ErrOutOfMemory) {
		err = a.inside(func() error {
			a.checked.flush("Trim")
			a.trimShared()
			return try()
		})
	}
	if errors.Is(err, ErrLimit) {
		err = a.inside(func() error {
			a.trim()
			return try()
		})
	}
	if err == ErrClosed { // by the gate
		return &Error{Op: op, Size: size, Err: err}
	}
	a.warnRefused(size, err)
	return err
}

// callOnLimit calls Options.OnLimit, if there is one and the goroutine is not in it
// already: what OnLimit allocates fails at the limit as if there were none.
func (a *Allocator) callOnLimit(size int) bool {
	if a.options.OnLimit == nil || !a.atLimit.enter() {
		return false
	}
	defer a.atLimit.leave()
	a.options.OnLimit(size)
	return true
}

// goroutines is a set of goroutines, of which each puts in itself alone.
type goroutines struct {
	mu sync.Mutex
	in map[uintptr]struct{}
}

// enter reports false if the calling goroutine is in the set already.
func (g *goroutines) enter() bool {
	id := goroutine.ID()
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, in := g.in[id]; in {
		return false
	}
	if g.in == nil {
		g.in = map[uintptr]struct{}{}
	}
	g.in[id] = struct{}{}
	return true
}

func (g *goroutines) leave() {
	g.mu.Lock()
	delete(g.in, goroutine.ID())
	g.mu.Unlock()
}
