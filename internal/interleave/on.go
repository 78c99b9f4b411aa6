// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package interleave

import "sync"

// Enabled reports whether threads run in chosen orders.
const Enabled = true

// Mutex is a lock whose operations are steps.
type Mutex struct {
	mu   sync.Mutex
	held bool // by a thread; only the running thread reads and writes it
}

// Lock locks m. A thread that has to wait for another one lets it run. The lock of a goroutine that
// is no thread is only held for moments.
func (m *Mutex) Lock() {
	t := self()
	if t == nil {
		m.mu.Lock()
		return
	}
	t.await(func() bool { return !m.held })
	m.mu.Lock()
	m.held = true
}

// TryLock locks m if it is not locked. It reports whether it did.
func (m *Mutex) TryLock() bool {
	t := self()
	if t == nil {
		return m.mu.TryLock()
	}
	t.step()
	if m.held {
		return false
	}
	m.mu.Lock()
	m.held = true
	return true
}

// Unlock unlocks m.
func (m *Mutex) Unlock() {
	t := self()
	if t == nil {
		m.mu.Unlock()
		return
	}
	m.held = false
	m.mu.Unlock()
	t.step()
}

// Point is a step.
func Point() {
	if t := self(); t != nil {
		t.step()
	}
}

// Await blocks the thread until done reports true. It returns false at once if the caller is no
// thread.
func Await(done func() bool) bool {
	t := self()
	if t == nil {
		return false
	}
	t.await(done)
	return true
}

// Pause lets the other threads run. It returns false if the caller is no thread.
func Pause() bool {
	t := self()
	if t == nil {
		return false
	}
	t.paused = true
	t.step()
	return true
}

// Processor returns the thread's virtual processor, or −1 if the caller is no thread.
func Processor() int {
	if t := self(); t != nil {
		return t.processor
	}
	return -1
}
