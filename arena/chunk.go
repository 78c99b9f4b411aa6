// SPDX-License-Identifier: Apache-2.0

package arena

import "github.com/ashlar-go/ashlar/internal/raw"

// A chunk is a block of the allocator that an arena cuts windows from, first to last:
//
//	base            used        clean             dirty            size
//	▼               ▼           ▼                 ▼                ▼
//	┌───────────────┬───────────┬─────────────────┬────────────────┐
//	│ handed out    │ zero      │ used in an      │ zero           │
//	│               │           │ earlier round   │                │
//	└───────────────┴───────────┴─────────────────┴────────────────┘
//
//	0 ≤ used ≤ clean,  used ≤ size,  dirty ≤ size
//	bytes at offsets in [used, clean) and in [max(clean, dirty), size) are zero
//
// The second equation does not hold if the arena does not zero. Dirty bytes are cleared
// right before they are handed out. Fresh bytes from the kernel are not cleared at all. The
// arena's lock guards a chunk.
type chunk struct {
	base, size   uintptr // bytes
	used         uintptr // offset: bytes below it were handed out in windows
	clean, dirty uintptr // offsets
}

// A window is a part of a chunk. It has one owner, who hands it out without a lock. The
// owner must clear the bytes of stale first.
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

// cut cuts off a window for n bytes aligned to align. The window has up to want bytes if
// the chunk has as many. skipped is the number of bytes lost in front of it for alignment.
// cut fails if n bytes do not fit.
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

// giveBack ends the last window of the chunk: its bytes from the address next on are free
// again.
func (c *chunk) giveBack(next uintptr) { c.used = next - c.base }

// rewind is reset that clears what was handed out, so that the next windows need not be cleared. If
// the arena does not zero, needZero is false.
func (c *chunk) rewind(needZero bool) {
	if needZero {
		raw.Clear(c.base, c.used)
	}
	c.used = 0
}

// reset makes all of the chunk free.
func (c *chunk) reset() {
	c.dirty = max(c.dirty, c.used)
	c.used, c.clean = 0, 0
}
