// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"github.com/ashlar-go/ashlar/internal/invariants"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A short round uses nothing but the window that it begins with, which Reset then puts back. Such a
// Reset is a few stores without a lock:
//
//	whole.next           next             limit              whole.limit
//	▼                    ▼                ▼                  ▼
//	┌────────────────────┬────────────────┬──────────────────┐
//	│ Reset clears       │ zero           │ Reset clears     │
//	└────────────────────┴────────────────┴──────────────────┘
//
//	whole = 0, or [whole.next, whole.limit) is the used part of the only chunk, [next, limit) lies in
//	it, there is no own block, and the list of runs is empty
//	rounds that ended = core.resets + rewinds
//
// The goroutine that uses the arena writes these fields, some of them without the lock. Stats reads
// them beside it.
type shortRounds struct {
	whole   bump    // the window at the beginning of the round; 0 if Reset has more to do
	rewinds uintptr // short rounds that ended, and that the core does not know of
	longest uintptr // bytes: the longest of them used as many
}

// maxRewind is the size of the largest round after which Reset clears what the round used, in
// bytes. These are in the processor's first cache then. The next round begins with one window
// that is clear.
const maxRewind = 32 << 10

// maxRewinds is how many short rounds may end without the core's knowledge.
const maxRewinds = 1 << 16

// rewind is Reset after a short round. It fails after any other.
func (a *Arena) rewind() bool {
	w := a.whole
	if w.limit == 0 || a.rewinds >= maxRewinds {
		return false
	}
	front, back := a.next-w.next, w.limit-a.limit
	if !a.core.options.NoZero {
		raw.Clear(w.next, front)
		if back != 0 {
			raw.Clear(a.limit, back)
		}
	}
	a.bump, a.tail = w, 0 // a run that has begun goes on, from the end of the window
	a.rewinds++
	a.longest = max(a.longest, front+back)
	if invariants.Enabled {
		a.core.mu.Lock()
		a.checked()
		a.core.mu.Unlock()
	}
	return true
}

// begin begins a round with the window that Reset has cleared, if there is one. The arena has no
// window. The caller holds the core's lock.
func (a *Arena) begin() {
	c := a.core
	if a.lanes != nil || a.mask >= minAlign || len(c.chunks) == 0 {
		return
	}
	k := &c.chunks[0]
	end := min(k.clean, maxRewind)
	if end == 0 {
		return
	}
	k.used = end
	a.bump = bump{k.base, k.base + end}
	if len(c.chunks) == 1 {
		a.whole = a.bump
	}
}

// settle tells the core of the short rounds that ended. What they used matters only for high: Reset
// keeps the only chunk in any case. The caller holds the core's lock.
func (a *Arena) settle() {
	c := a.core
	c.high = max(c.high, int64(a.longest))
	c.resets += int64(a.rewinds)
	a.rewinds, a.longest = 0, 0
}

// inWindow returns how many bytes of the window are free, and the rounds that the core does not
// know of. Stats calls it with the core's lock held, beside the goroutine that uses the arena. The
// fields are words, so each has a value that was written to it. They can belong to different
// moments. The race detector would report them.
//
//go:norace
func (a *Arena) inWindow() (free, rewinds, longest uintptr) {
	b := a.window()
	if next, limit := b.next, b.limit; next < limit {
		free = limit - next
	}
	return free, a.rewinds, a.longest
}
