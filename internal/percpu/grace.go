// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/interleave"
)

// A grace period ends when every section that was running when it began has ended. Grace
// periods have numbers. One at a time is under way.
var grace struct {
	mu           interleave.Mutex // held during a grace period
	begun, ended atomic.Uint64
}

// A Moment is a point in time, as far as sections are concerned.
type Moment uint64

// Now returns the present moment.
func Now() Moment { return Moment(grace.begun.Load()) }

// HasPassed reports whether every section that was running at m is known to have ended. It
// is so if a grace period that began later is over. Synchronize, by whomever it is called,
// brings that about.
func (m Moment) HasPassed() bool { return grace.ended.Load() > uint64(m) }

// Synchronize returns when every section that was running at the call has ended. Do not
// call it inside a section. Of calls that come while another one is under way, one does the
// work for all.
func Synchronize() {
	called := Now()
	grace.mu.Lock()
	defer grace.mu.Unlock()
	if called.HasPassed() {
		return
	}
	n := grace.begun.Add(1)
	waitForSections()
	grace.ended.Store(n)
}
