// SPDX-License-Identifier: Apache-2.0

package arena

import "github.com/ashlar-go/ashlar/internal/raw"

// A chunk is a block of the allocator's that an arena cuts allocations from, first
// to last:
//
//	base            used        clean             dirty            size
//	▼               ▼           ▼                 ▼                ▼
//	┌───────────────┬───────────┬─────────────────┬────────────────┐
//	│ handed out    │ zero      │ an earlier      │ zero           │
//	│               │           │ round's         │                │
//	└───────────────┴───────────┴─────────────────┴────────────────┘
//
//	0 ≤ used ≤ clean,  used ≤ size,  dirty ≤ size
//	bytes at offsets in [used, clean) and in [max(clean, dirty), size) are zero
//
// unless the arena does not zero. So what is dirty is cleared right before it is
// handed out, and what came fresh from the kernel is not cleared at all. Its
// arena's lock guards a chunk.
type chunk struct {
	base, size   uintptr // bytes
	used         uintptr // handed out, in windows
	clean, dirty uintptr // offsets
}

// A window is a part of a chunk that was cut off for one owner, who hands it out
// without a lock. The bytes of stale are to be cleared before.
type window struct {
	at, limit uintptr
	stale     span
}

// clear makes the window zero.
func (w *window) clear() {
	if w.stale.base < w.stale.limit {
		raw.Clear(w.stale.base, w.stale.limit-w.stale.base)
	}
}

// cut cuts off a window for n bytes aligned to align and, if there are as many, for
// more up to want bytes in all. skipped bytes are lost in front of it. It fails if
// n bytes do not fit.
func (c *chunk) cut(n, align, want uintptr) (w window, skipped uintptr, ok bool) {
	at := raw.AlignUp(c.base+c.used, align)
	off := at - c.base
	if off > c.size || n > c.size-off {
		return window{}, 0, false
	}
	end := off + min(max(n, want), c.size-off)
	w = window{at: at, limit: c.base + end, stale: span{c.base + max(off, c.clean), c.base + min(end, c.dirty)}}
	skipped = off - c.used
	c.used = end
	c.clean = max(c.clean, end)
	return w, skipped, true
}

// giveBack ends the window that was cut off last at the address next.
func (c *chunk) giveBack(next uintptr) { c.used = next - c.base }

// reset makes all of the chunk free.
func (c *chunk) reset() {
	c.dirty = max(c.dirty, c.used)
	c.used, c.clean = 0, 0
}
