// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"strconv"
	"sync/atomic"
	"weak"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/arenahost"
	"github.com/ashlar-go/ashlar/internal/interleave"
)

// A core is all of an arena except the window, which belongs to the handle or to the lanes.
// The core refers to the handle weakly, so that the collector can find that the program has
// dropped the handle.
type core struct {
	options Options // with defaults filled in; constant
	id      int64
	made    callSite
	host    arenahost.Host
	entry   arenahost.Entry
	handle  weak.Pointer[Arena]

	lost         atomic.Int64 // bytes of windows that lanes dropped
	inQuarantine atomic.Int64 // bytes

	mu      interleave.Mutex // guards the fields below; an arena that is not concurrent locks it too, for Stats
	attempt attempt
	chunks  []chunk // in order of use: chunks[:current] are full, those after current are unused
	current int
	own     []chunk // own blocks, each for one large request
	taken   uintptr // bytes of chunks and own blocks
	skipped int64   // bytes in front of windows, for alignment
	resets  int64
	high    int64   // bytes: largest number in use so far
	keep    uintptr // bytes of chunks that Reset keeps
	usual   uintptr // bytes: recent rounds used as many, on average
	runs    runList // of linked objects; mu guards it in a concurrent arena only
	freed   bool
	closed  bool     // the allocator took everything back
	ended   callSite // where it was freed, if the arena is checked

	first [4]chunk // the first elements of chunks
}

// lastID is the ID of the newest arena.
var lastID atomic.Int64

func newCore(o Options, made callSite) (*core, error) {
	settled, err := o.settle()
	if err != nil {
		return nil, err
	}
	c := &core{options: settled, id: lastID.Add(1), made: made, host: arenahost.HostOf(settled.Allocator)}
	c.chunks = c.first[:0]
	return c, nil
}

// String returns the arena's name, or where the arena was made, for messages.
func (c *core) String() string {
	if c.options.Name != "" {
		return strconv.Quote(c.options.Name)
	}
	return "made at " + c.made.String()
}

// ready returns alloc.ErrClosed if the allocator was closed, and panics if the arena was
// freed. The caller holds mu.
func (c *core) ready(op string) error {
	if c.freed {
		c.panicFreed(op)
	}
	if c.closed {
		return alloc.ErrClosed
	}
	return nil
}

// window cuts off a window for n bytes aligned to align, of up to want bytes. The window
// comes from the current chunk or a later one, or from a new chunk. The caller holds mu.
func (c *core) window(n, align, want uintptr) (window, error) {
	align = max(align, uintptr(c.options.Align))
	if w, ok := c.cut(n, align, want); ok {
		return w, nil
	}
	need := n
	if align > uintptr(c.options.Align) {
		need += align
	}
	k, err := c.obtain(max(c.nextSize(), need), uintptr(c.options.Align))
	if err != nil {
		return window{}, err
	}
	c.chunks = append(c.chunks, k)
	w, _ := c.cut(n, align, want)
	return w, nil
}

// cut is window from the current chunk or a later one. It fails if none of them suffices. The
// caller holds mu.
func (c *core) cut(n, align, want uintptr) (window, bool) {
	align = max(align, uintptr(c.options.Align))
	for i := c.current; i < len(c.chunks); i++ {
		if w, skipped, ok := c.chunks[i].cut(n, align, want); ok {
			c.current = i
			c.skipped += int64(skipped)
			return c.zeroed(w), true
		}
	}
	return window{}, false
}

// The arena clears one window at a time. A window fits into the processor's first cache,
// so that it is still there when it is handed out, and is long enough to make clearing
// fast. In the first chunk each window is as long as all before it, and the first is as long as
// recent rounds, so that a small arena clears few bytes that it does not use. What Reset has
// cleared in the first chunk becomes one window (rewind.go).
const (
	minWindow = 2 << 10
	maxWindow = 16 << 10
)

// windowSize returns the size of the next window, if the chunk has as many bytes. The
// caller holds mu.
func (c *core) windowSize() uintptr {
	switch {
	case c.current > 0:
		return maxWindow
	case len(c.chunks) == 0:
		return minWindow
	}
	k := &c.chunks[0]
	return min(max(k.used, k.clean-k.used, c.usual, minWindow), maxWindow)
}

// zeroed returns w, without stale bytes if the arena does not zero.
func (c *core) zeroed(w window) window {
	if c.options.NoZero {
		w.stale = span{}
	}
	return w
}

// nextSize returns the size of the next chunk.
func (c *core) nextSize() uintptr {
	size := uintptr(c.options.InitialSize)
	if n := len(c.chunks); n > 0 {
		size = min(2*c.chunks[n-1].size, uintptr(c.options.MaxChunk))
	}
	return min(size, c.room())
}

// room returns how many more bytes the arena may take. The caller holds mu.
func (c *core) room() uintptr {
	if limit := c.options.Limit; limit > 0 {
		return uintptr(min(max(limit-int64(c.taken), 0), maxChunk))
	}
	return maxChunk
}

// isLarge reports whether a request gets an own block. Requests that do not are so small
// that the unused tails are at most a quarter of the chunks.
func (c *core) isLarge(n, align uintptr) bool {
	bound := uintptr(c.options.MaxChunk) / 4
	return n > bound || align > bound-n
}

// block obtains an own block for n bytes. The caller holds mu.
func (c *core) block(n, align uintptr) (window, error) {
	k, err := c.obtain(n, max(align, uintptr(c.options.Align)))
	if err != nil {
		return window{}, err
	}
	w, _, _ := k.cut(n, align, n)
	c.own = append(c.own, k)
	return c.zeroed(w), nil
}

// unlock lets the kernel swap a chunk out again, if it was locked.
func (c *core) unlock(k chunk) {
	if c.options.Locked {
		_ = c.host.Space().Unlock(k.base, k.size) // if it fails, the pages only cannot be purged
	}
}

// release frees a chunk to the allocator. The caller holds mu.
func (c *core) release(k chunk) {
	c.unlock(k)
	c.forget(k)
	c.host.Release(k.base)
}

// forget subtracts a chunk from the account. The caller holds mu.
func (c *core) forget(k chunk) {
	arenaMemory.remove(k.base, k.size)
	c.taken -= k.size
}

// HostClosed implements arenahost.Arena: the allocator took all memory back. HostClosed
// ends the windows, so that each later allocation requests memory and gets ErrClosed.
func (c *core) HostClosed() {
	a := c.handle.Value()
	c.mu.Lock()
	defer c.mu.Unlock()
	if a != nil {
		a.closeWindows()
	}
	c.each(c.forget)
	c.chunks, c.own, c.current = nil, nil, 0
	c.runs.free()
	c.closed = true
}

// each calls f with each chunk and own block. The caller holds mu.
func (c *core) each(f func(k chunk)) {
	for _, k := range c.chunks {
		f(k)
	}
	for _, k := range c.own {
		f(k)
	}
}
