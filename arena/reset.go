// SPDX-License-Identifier: Apache-2.0

package arena

import "runtime"

// Reset frees everything allocated from the arena. The arena can be used again. Reset keeps
// the chunks that recent rounds used, and gives the others back to the allocator. It makes
// no kernel call. After a round of at most 32 KiB it clears what the round used, and nothing
// otherwise.
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
	a.checked()
}

// rewind is Reset after a small round whose objects lie one after the other in the first chunk,
// without linked ones. It fails after any other.
func (a *Arena) rewind() bool {
	c := a.core
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isSimple() || a.run.of != 0 {
		return false
	}
	k := &c.chunks[0]
	if k.used > maxRewind || a.limit != k.base+k.used { // the window is in bump, and ends the used part
		return false
	}
	k.giveBack(a.next)
	c.high = max(c.high, int64(k.used))
	c.noteRound(k.used)
	k.rewind()
	c.resets++
	a.bump, a.tail = bump{}, 0
	a.checked()
	return true
}

// isSimple reports whether all memory in use is the used part of the only chunk, and nothing but
// clearing is to be done with it. The caller holds mu.
func (c *core) isSimple() bool {
	return len(c.chunks) == 1 && len(c.own) == 0 && c.runs.head == 0 && c.skipped == 0 && c.lost.Load() == 0 &&
		!c.options.NoZero && !c.options.Checked
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

// closeWindows ends all windows.
func (a *Arena) closeWindows() {
	a.giveBack()
	a.closeLanes()
	a.run, a.tail = run{}, 0
}

// keepShift sets how fast Reset lowers the number of bytes that it keeps: by an eighth a
// round.
const keepShift = 3

// maxRewind is the size of the largest round after which Reset clears what the round used, in
// bytes. These are in the processor's first cache then. The next round begins with one window
// that is clear.
const maxRewind = 32 << 10

// reset makes the core's memory free for the next round. The caller holds mu.
func (c *core) reset() {
	c.noteRound(uintptr(c.use() + c.lost.Load()))
	if c.current == 0 && len(c.chunks) > 0 && c.chunks[0].used <= maxRewind && !c.options.NoZero {
		c.chunks[0].rewind()
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
	c.use()
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
