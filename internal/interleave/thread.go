// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package interleave

import (
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/goroutine"
)

// A thread is one of the functions that run in a chosen order. The scheduler reads its fields
// while no thread runs.
type thread struct {
	processor int
	id        atomic.Uintptr // of the coroutine's goroutine
	resume    func() bool    // runs the thread up to its next step; false: it has ended
	yield     func(struct{}) bool
	ready     func() bool // the condition for which the thread waits, or nil
	paused    bool        // the others run first
	ended     bool
	failure   error
	at        place // of its next step
}

// A place is where a step is: the program counters of the innermost calls.
type place [4]uintptr

// running is the thread that runs, nil if none does.
var running atomic.Pointer[thread]

// self returns the thread that calls it, or nil if the caller is no thread.
func self() *thread {
	if t := running.Load(); t != nil && t.id.Load() == goroutine.ID() {
		return t
	}
	return nil
}

// newThread returns a thread that is about to call f.
func newThread(f func(), processor int) *thread {
	t := &thread{processor: processor}
	next, _ := iter.Pull(func(yield func(struct{}) bool) {
		t.id.Store(goroutine.ID())
		t.yield = yield
		t.failure = safely(func() error { f(); return nil })
	})
	t.resume = func() bool {
		running.Store(t)
		_, more := next()
		running.Store(nil)
		return more
	}
	return t
}

// safely calls f. It returns a panic as an error. An access to memory that is not mapped is a panic.
func safely(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return f()
}

// step lets the scheduler choose the thread that runs next.
func (t *thread) step() {
	runtime.Callers(3, t.at[:])
	t.yield(struct{}{})
}

// await is a step after which the thread continues only while done reports true.
func (t *thread) await(done func() bool) {
	t.ready = done
	t.step()
	t.ready = nil
}

// runnable reports whether the thread can continue.
func (t *thread) runnable() bool { return !t.ended && (t.ready == nil || t.ready()) }
