// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"runtime"
	"sync/atomic"
	"unsafe"
	"weak"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// An Arena is memory outside the Go heap. The program allocates it piece by piece and frees
// all of it at once.
//
// One goroutine at a time may use an Arena. With Options.Concurrent any number of
// goroutines may call its methods at once, except Reset, Free and Audit.
//
// Memory is lost if the Arena becomes unreachable while the program still uses its memory:
// the arena is freed then. Use runtime.KeepAlive to keep it. An Arena must not be copied,
// and the zero Arena is not usable.
type Arena struct {
	bump          // the window if the arena is not concurrent and Align is 8
	run   run     // the last run of linked objects
	mask  uintptr // Align − 1
	lanes []lane  // the windows if the arena is concurrent
	wide  bump    // the window if the arena is not concurrent and Align is more than 8
	tail  uintptr // end of the slice that Append made last; 0: none

	shortRounds

	core    *core
	cleanup runtime.Cleanup
}

// A bump is a window that allocations are cut from: [next, limit) is free, and zero unless
// the arena does not zero. Both are 0 if there is no window.
type bump struct{ next, limit uintptr }

// NewArena returns an arena with default options. It takes no memory yet, and cannot fail.
func NewArena() *Arena {
	a, err := newArena(Options{}, callSiteOf(1))
	if err != nil {
		panic(err) // the zero Options are valid
	}
	return a
}

// NewArenaWithOptions returns an arena with the given options. The error is an *Error. It
// names the option that is not valid. If InitialSize is set, NewArenaWithOptions takes the
// first chunk at once, and can also return the errors of Alloc.
func NewArenaWithOptions(o Options) (*Arena, error) {
	a, err := newArena(o, callSiteOf(1))
	if err == nil && o.InitialSize > 0 {
		if err = a.start(); err != nil {
			a.Free()
		}
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func newArena(o Options, made callSite) (*Arena, error) {
	c, err := newCore(o, made)
	if err != nil {
		return nil, &Error{Op: "NewArenaWithOptions", Arena: o.Name, Err: err}
	}
	a := &Arena{core: c, mask: uintptr(c.options.Align) - 1}
	if c.options.Concurrent {
		a.lanes = newLanes()
	}
	c.handle = weak.Make(a)
	c.host.Register().Add(&c.entry, c)
	a.cleanup = runtime.AddCleanup(a, (*core).drop, c)
	return a, nil
}

// start takes the first chunk.
func (a *Arena) start() error {
	c := a.core
	t, err := c.try(func() error {
		k, err := c.obtain(uintptr(c.options.InitialSize), uintptr(c.options.Align))
		if err == nil {
			c.chunks = append(c.chunks, k)
		}
		return err
	})
	c.report(t)
	if err != nil {
		return c.fail("NewArenaWithOptions", uintptr(c.options.InitialSize), err)
	}
	return nil
}

// Alloc returns size bytes, zeroed unless the arena has NoZero. Their address is a multiple
// of align and of Options.Align; align is a power of two up to alloc.MaxAlign. Each call
// with size 0 returns another pointer.
//
// The error wraps alloc.ErrInvalidSize if the size or the alignment is not valid,
// alloc.ErrLimit if a limit of the arena or of its allocator is reached,
// alloc.ErrOutOfMemory or alloc.ErrClosed. Alloc panics with an *alloc.MisuseError if the
// arena was freed.
func (a *Arena) Alloc(size, align int) (unsafe.Pointer, error) {
	if size < 0 || align <= 0 || align&(align-1) != 0 || align > alloc.MaxAlign {
		return nil, a.core.fail("Alloc", uintptr(size), alloc.ErrInvalidSize)
	}
	p, err := a.take("Alloc", uintptr(size), uintptr(align))
	return raw.Pointer(p), err
}

// padded has the size of a T rounded up to minAlign, as a constant if T is known.
type padded[T any] struct {
	_ [0]atomic.Int64 // aligned to 8 bytes on every platform
	_ T
}

// cutOr returns n bytes, a multiple of minAlign, for a value of type t. The bytes come from the
// window, which is that of a, or from slow. cutOr is the fast path of New. It is inlined with New,
// because slow is a parameter: the compiler counts a call of a parameter as 17 of the 80 points
// that an inlined function may have, and a call of a function as 57.
func (b *bump) cutOr(a *Arena, n uintptr, t *gotype.Type, slow func(*Arena, uintptr, *gotype.Type) unsafe.Pointer) unsafe.Pointer {
	if n-1 < b.limit-b.next && t.Plain() { // if n is 0, n−1 is the largest uintptr
		b.next += n
		return raw.Pointer(b.next - n)
	}
	return slow(a, n, t)
}

// alloc is cutOr for an arena whose window does not suffice. It is the fast path of New in
// concurrent arenas. It needs no more stack than the runtime grants to functions that do not
// check the stack.
//
//go:nosplit
func (a *Arena) alloc(n uintptr, t *gotype.Type) unsafe.Pointer {
	if len(a.lanes) > 0 && a.mask < minAlign && t.Plain() && !raceEnabled {
		var p uintptr // inlined by hand: a call of fromLane costs too much here
		id := percpu.Pin()
		if uint(id) < uint(len(a.lanes)) {
			p = a.lanes[id].cut(n)
		}
		percpu.Unpin(id)
		if p != 0 {
			return raw.Pointer(p)
		}
	}
	return raw.Pointer(a.slow("New", n, t))
}

// slow is alloc for a request that the window cannot serve. It panics if there is no
// memory.
func (a *Arena) slow(op string, size uintptr, t *gotype.Type) uintptr {
	if !t.Plain() {
		a.refuse(op, size, t)
	}
	p, err := a.take(op, size, minAlign)
	if err != nil {
		panic(err)
	}
	return p
}

// take returns size bytes aligned to align, a power of two.
func (a *Arena) take(op string, size, align uintptr) (uintptr, error) {
	if size > maxChunk {
		return 0, a.core.fail(op, size, alloc.ErrInvalidSize)
	}
	n := raw.AlignUp(max(size, 1), a.mask+1)
	if a.lanes != nil {
		if align <= a.mask+1 {
			if p := a.fromLane(n); p != 0 {
				return p, nil
			}
		}
		return a.refillLane(op, n, align)
	}
	b := a.window()
	if at := raw.AlignUp(b.next, align); at <= b.limit && n <= b.limit-at && b.limit != 0 {
		b.next = at + n
		return at, nil
	}
	return a.refill(op, n, align)
}

// window returns the window of an arena that is not concurrent.
func (a *Arena) window() *bump {
	if a.mask < minAlign {
		return &a.bump
	}
	return &a.wide
}

// refill returns n bytes from an own block or from a new window.
func (a *Arena) refill(op string, n, align uintptr) (uintptr, error) {
	a.whole = bump{}
	if w, ok := a.nextWindow(n, align); ok {
		w.clear()
		return w.at, nil
	}
	var w window
	t, err := a.core.try(func() (err error) {
		w, err = a.newWindow(op, n, align)
		return err
	})
	w.clear()
	a.core.report(t)
	if err != nil {
		return 0, a.core.fail(op, n, err)
	}
	return w.at, nil
}

// nextWindow is refill from the chunks that the arena has. It fails if they do not suffice, and
// if the request needs an own block or the arena cannot be used.
func (a *Arena) nextWindow(n, align uintptr) (w window, ok bool) {
	c := a.core
	c.mu.Lock()
	if !c.freed && !c.closed && !c.isLarge(n, align) {
		keep, want := a.keepsWindow(n)
		if w, ok = c.cut(n, align, want); ok && !keep {
			*a.window() = bump{w.at + n, w.limit}
		}
		a.checked()
	}
	c.mu.Unlock()
	return w, ok
}

// newWindow is refill for a caller that holds the core's lock.
func (a *Arena) newWindow(op string, n, align uintptr) (w window, err error) {
	c := a.core
	if err := c.ready(op); err != nil {
		return window{}, err
	}
	if c.isLarge(n, align) {
		return c.block(n, align)
	}
	keep, want := a.keepsWindow(n)
	if w, err = c.window(n, align, want); err == nil && !keep {
		*a.window() = bump{w.at + n, w.limit}
	}
	a.checked()
	return w, err
}

// keepsWindow prepares a request of n bytes that the window cannot serve. It reports whether the
// window stays, and how many bytes to cut off the chunks. The window stays if linked objects lie
// at its end and more of it would be lost than an eighth of the next one. The caller holds the
// core's lock.
func (a *Arena) keepsWindow(n uintptr) (keep bool, want uintptr) {
	c := a.core
	want = c.windowSize()
	if rest := a.limit - a.next; rest > want/8 {
		if k := &c.chunks[c.current]; a.limit != k.base+k.used {
			return true, n
		}
	}
	a.giveBack()
	return false, want
}

// giveBack ends the window. Its unused rest is free again if no linked object lies after it.
// Otherwise the rest is lost until Reset. The caller holds the core's lock.
func (a *Arena) giveBack() {
	a.closeRun()
	b, c := a.window(), a.core
	if b.limit != 0 && !c.closed {
		if k := &c.chunks[c.current]; b.limit == k.base+k.used {
			k.giveBack(b.next)
		} else {
			c.lost.Add(int64(b.limit - b.next))
		}
	}
	*b, a.whole = bump{}, bump{}
}
