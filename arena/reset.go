// SPDX-License-Identifier: Apache-2.0

package arena

import "runtime"

// Reset frees everything allocated from the arena. The arena can be used again. Reset keeps
// the chunks that recent rounds used, and gives the others back to the allocator. It makes
// no kernel call. After a round of at most 32 KiB it clears what the round used, and nothing
// otherwise. If such a round is like the one before, Reset takes no lock.
//
// Nobody else may use the arena during Reset. Reset panics with an *alloc.MisuseError if
// the arena was freed.
func (a *Arena) Reset() {
	if a.rewind() {
		return
	}
	c := a.core
	var refused error
	if c.options.Checked {
		defer func() { c.reportRefused(refused) }() // after the lock is released
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.freed {
		c.panicFreed("Reset")
	}
	a.closeWindows()
	if c.options.Checked {
		refused = c.quarantine("reset")
	}
	c.reset()
	a.begin()
	a.checked()
}

// noteRound notes that a round used so many bytes. The caller holds mu.
func (c *core) noteRound(used uintptr) {
	c.keep = max(used, c.keep-c.keep>>keepShift)
	c.usual = (3*c.usual + used) / 4
}

// Free frees the arena and everything allocated from it. Its chunks go back to the
// allocator, which keeps them for other arenas for a while.
//
// Nobody else may use the arena during Free. After Free any use of the arena, including
// Free, panics with an *alloc.MisuseError.
func (a *Arena) Free() {
	c := a.core
	var refused error
	if c.options.Checked {
		defer func() { c.reportRefused(refused) }() // after the lock is released
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.freed {
		c.panicFreed("Free")
	}
	a.closeWindows()
	a.cleanup.Stop()
	if c.options.Checked {
		refused = c.quarantine("freed")
	}
	c.releaseAll()
	c.host.Register().Remove(&c.entry)
	runtime.KeepAlive(a)
}

// closeWindows ends all windows. The caller holds the core's lock.
func (a *Arena) closeWindows() {
	a.settle()
	a.giveBack()
	a.closeLanes()
	a.run, a.tail = run{}, 0
}

// keepShift sets how fast Reset lowers the number of bytes that it keeps: by an eighth a
// round.
const keepShift = 3

// reset makes the core's memory free for the next round. The caller holds mu.
func (c *core) reset() {
	c.noteRound(uintptr(c.use(0) + c.lost.Load()))
	if c.current == 0 && len(c.chunks) > 0 && c.chunks[0].used <= maxRewind {
		c.chunks[0].rewind(!c.options.NoZero)
	}
	kept, n := uintptr(0), 0
	for ; n < len(c.chunks) && (n == 0 || kept < c.keep); n++ {
		kept += c.chunks[n].size
		if c.chunks[n].used > 0 {
			c.chunks[n].reset()
		}
	}
	for _, k := range c.chunks[n:] {
		c.release(k)
	}
	for _, k := range c.own {
		c.release(k)
	}
	c.chunks, c.own = c.chunks[:n], c.own[:0]
	c.runs.empty()
	c.current, c.skipped = 0, 0
	c.lost.Store(0)
	c.resets++
}

// releaseAll releases all memory for good. The caller holds mu.
func (c *core) releaseAll() {
	c.use(0)
	c.each(c.release)
	c.chunks, c.own = nil, nil
	c.runs.free()
	c.freed = true
}

// A Dropped describes an arena that the program dropped without Free.
type Dropped struct {
	Name     string
	Made     string // where it was made: function and file:line
	Reserved int64  // bytes, now released
}

// drop frees the core of an arena after the collector found its handle unreachable.
func (c *core) drop() {
	var refused error
	c.mu.Lock()
	d := Dropped{Name: c.options.Name, Made: c.made.String(), Reserved: int64(c.taken)}
	if c.options.Checked {
		c.ended = 0
		refused = c.quarantine("dropped")
	}
	c.releaseAll()
	c.mu.Unlock()
	c.reportRefused(refused)
	c.host.Register().Drop(&c.entry, d.Made, d.Reserved)
	if c.options.OnDrop != nil {
		c.options.OnDrop(d)
	}
}
