// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"strconv"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/arenahost"
)

// A core is all of an arena but the window that its handle, or its lanes, hand out
// from. It refers to the handle weakly, so that the collector can tell when the program
// has dropped that.
type core struct {
	options Options // settled; not changed
	id      int64
	made    place
	host    arenahost.Host
	entry   arenahost.Entry
	handle  weak.Pointer[Arena]

	lost         atomic.Int64 // bytes of windows of lanes that nobody hands out
	inQuarantine atomic.Int64 // bytes

	mu      sync.Mutex // guards what follows; one goroutine's arena takes it, too: for Stats
	attempt attempt
	chunks  []chunk // in order of use: chunks[:current] are left, those after it untouched
	current int
	own     []chunk // blocks of single requests
	taken   uintptr // bytes of both
	skipped int64   // bytes in front of windows, for alignment
	resets  int64
	high    int64   // bytes: most that was used
	keep    uintptr // bytes of chunks that Reset keeps
	runs    runList // of linked objects
	freed   bool
	closed  bool  // the allocator took everything back
	ended   place // where it was freed, if it is checked

	first [4]chunk // the first elements of chunks
}

// lastID is the identity given out last.
var lastID atomic.Int64

func newCore(o Options, made place) (*core, error) {
	settled, err := o.settle()
	if err != nil {
		return nil, err
	}
	c := &core{options: settled, id: lastID.Add(1), made: made, host: arenahost.HostOf(settled.Allocator)}
	c.chunks = c.first[:0]
	return c, nil
}

// String returns the arena's name for people.
func (c *core) String() string {
	if c.options.Name != "" {
		return strconv.Quote(c.options.Name)
	}
	return "made at " + c.made.String()
}

// ready returns an error if there is no more memory to be had, and panics if the arena
// was freed. The caller holds mu.
func (c *core) ready(op string) error {
	if c.freed {
		c.gone(op)
	}
	if c.closed {
		return alloc.ErrClosed
	}
	return nil
}

// window cuts off a window for n bytes aligned to align, and for more up to want
// bytes in all, from the current chunk or those after it. The caller holds mu.
func (c *core) window(n, align, want uintptr) (window, error) {
	align = max(align, uintptr(c.options.Align))
	for ; c.current < len(c.chunks); c.current++ {
		if w, skipped, ok := c.chunks[c.current].cut(n, align, want); ok {
			c.skipped += int64(skipped)
			return c.zeroed(w), nil
		}
	}
	need := n
	if align > uintptr(c.options.Align) {
		need += align
	}
	k, err := c.obtain(max(c.nextSize(), need), uintptr(c.options.Align))
	if err != nil {
		c.current = max(len(c.chunks)-1, 0) // a smaller request may fit
		return window{}, err
	}
	c.chunks = append(c.chunks, k)
	w, skipped, _ := c.chunks[c.current].cut(n, align, want)
	c.skipped += int64(skipped)
	return c.zeroed(w), nil
}

// A window is what is cleared at once: little enough to be in the processor's first
// cache when it is handed out, and enough to make clearing fast. In the first chunk
// each is as long as all before it, so that a small arena clears little in vain.
const (
	leastWindow = 2 << 10
	mostWindow  = 16 << 10
)

// windowSize returns how many bytes the next window has at least, if the chunk has
// as many. The caller holds mu.
func (c *core) windowSize() uintptr {
	switch {
	case c.current > 0:
		return mostWindow
	case len(c.chunks) == 0:
		return leastWindow
	}
	return min(max(c.chunks[0].used, leastWindow), mostWindow)
}

// zeroed returns the window with nothing stale if nobody wants zeros.
func (c *core) zeroed(w window) window {
	if c.options.NoZero {
		w.stale = span{}
	}
	return w
}

// nextSize returns how long the next chunk is to be.
func (c *core) nextSize() uintptr {
	size := uintptr(c.options.InitialSize)
	if n := len(c.chunks); n > 0 {
		size = min(2*c.chunks[n-1].size, uintptr(c.options.MaxChunk))
	}
	return min(size, c.room())
}

// room returns how many bytes more the arena may take. The caller holds mu.
func (c *core) room() uintptr {
	if limit := c.options.Limit; limit > 0 {
		return uintptr(min(max(limit-int64(c.taken), 0), maxChunk))
	}
	return maxChunk
}

// isLarge reports whether a request gets a block of its own. Below that the tails
// that chunks leave behind are a quarter of them at most.
func (c *core) isLarge(n, align uintptr) bool {
	bound := uintptr(c.options.MaxChunk) / 4
	return n > bound || align > bound-n
}

// block obtains a block of its own for n bytes. The caller holds mu.
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
		_ = c.host.Space().Unlock(k.base, k.size) // a locked page is only a page that cannot be purged
	}
}

// release gives a chunk back to the allocator. The caller holds mu.
func (c *core) release(k chunk) {
	c.unlock(k)
	c.forget(k)
	c.host.Release(k.base)
}

// forget takes a chunk off the books. The caller holds mu.
func (c *core) forget(k chunk) {
	arenaMemory.remove(k.base, k.size)
	c.taken -= k.size
}

// HostClosed implements arenahost.Arena: the allocator took everything back. The handle
// loses its windows, so that each further allocation asks for memory and gets ErrClosed.
func (c *core) HostClosed() {
	a := c.handle.Value()
	c.mu.Lock()
	defer c.mu.Unlock()
	if a != nil {
		a.leave()
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
