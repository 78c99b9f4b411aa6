// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_interleave

package interleave

import "sync"

// Enabled reports whether threads run in chosen orders.
const Enabled = false

// Mutex is a lock whose operations are steps.
type Mutex = sync.Mutex

// Point is a step.
func Point() {}

// Await blocks the thread until done reports true. It returns false at once if the caller is no
// thread.
func Await(func() bool) bool { return false }

// Pause lets the other threads run. It returns false if the caller is no thread.
func Pause() bool { return false }

// Processor returns the thread's virtual processor, or −1 if the caller is no thread.
func Processor() int { return -1 }

// The compiler inlines the methods of a type under another name only if this package uses them.
var _ = func() {
	var m Mutex
	m.Lock()
	defer m.Unlock()
}
