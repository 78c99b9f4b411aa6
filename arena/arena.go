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

// An Arena is memory outside the Go heap that is allocated piece by piece and freed
// at once. It is for one goroutine at a time, unless it was made with
// Options.Concurrent; then everything but Reset, Free and Audit may be called by
// any number of goroutines at once.
//
// It must be kept reachable while its memory is in use (see runtime.KeepAlive): an
// arena that the program has dropped is freed. It must not be copied. The zero Arena
// is of no use.
type Arena struct {
	bump          // the window, of an arena that is not concurrent and aligns to 8 bytes
	run   run     // of linked objects, the last one
	mask  uintptr // Align − 1
	lanes []lane  // the windows of a concurrent arena
	wide  bump    // the window of one that aligns to more
	tail  uintptr // where the slice ends that Append made last; 0: none

	core    *core
	cleanup runtime.Cleanup
}

// A bump is a window that is being handed out: [next, limit) is free, and zero unless
// the arena does not zero. Both are 0 when there is none.
type bump struct{ next, limit uintptr }

// NewArena returns an arena with default options. It takes no memory yet, and cannot
// fail.
func NewArena() *Arena {
	a, err := newArena(Options{}, here(1))
	if err != nil {
		panic(err) // the zero Options have no errors
	}
	return a
}

// NewArenaWithOptions returns an arena with the given options. The error is an *Error
// that names the option which makes no sense. If InitialSize is set, the first chunk is
// taken right away, and the error may be one of Alloc's, too.
func NewArenaWithOptions(o Options) (*Arena, error) {
	a, err := newArena(o, here(1))
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

func newArena(o Options, made place) (*Arena, error) {
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

// Alloc returns size bytes aligned to align, a power of two up to alloc.MaxAlign, or
// to Options.Align if that is more. They are zero unless the arena was made with
// NoZero. Size 0 gives a unique pointer.
//
// The error wraps alloc.ErrInvalidSize for a size or an alignment that makes no
// sense, alloc.ErrLimit for a limit of the arena's or its allocator's, else
// alloc.ErrOutOfMemory or alloc.ErrClosed. An arena that was freed panics with an
// *alloc.MisuseError.
func (a *Arena) Alloc(size, align int) (unsafe.Pointer, error) {
	if size < 0 || align <= 0 || align&(align-1) != 0 || align > alloc.MaxAlign {
		return nil, a.core.fail("Alloc", uintptr(size), alloc.ErrInvalidSize)
	}
	p, err := a.take("Alloc", uintptr(size), uintptr(align))
	return raw.Pointer(p), err
}

// padded has the size of a T rounded up to minAlign: a constant where T is known.
type padded[T any] struct {
	_ [0]atomic.Int64 // aligned to 8 bytes on every platform
	_ T
}

// alloc returns n bytes, a multiple of minAlign, for a value of type t. It is the fast
// path of New, which is inlined into a call of it, and needs no more stack than the
// runtime grants to functions that do not check it.
//
//go:nosplit
func (a *Arena) alloc(n uintptr, t *gotype.Type) unsafe.Pointer {
	if p := a.next; n-1 < a.limit-p && t.Plain() { // n is 0 for no size, and n−1 the most there is
		a.next = p + n
		return raw.Pointer(p)
	}
	if len(a.lanes) > 0 && a.mask < minAlign && t.Plain() && !raceEnabled {
		var p uintptr // as in fromLane, which would be one more call
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

// slow is alloc where the window does not suffice, and panics if there is no memory.
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

// refill returns n bytes from a block of their own or from a new window.
func (a *Arena) refill(op string, n, align uintptr) (uintptr, error) {
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

// newWindow is refill for a caller that holds the core's lock.
func (a *Arena) newWindow(op string, n, align uintptr) (w window, err error) {
	c := a.core
	if err := c.ready(op); err != nil {
		return window{}, err
	}
	if c.isLarge(n, align) {
		return c.block(n, align)
	}
	a.giveBack()
	if w, err = c.window(n, align, c.windowSize()); err == nil {
		*a.window() = bump{w.at + n, w.limit}
	}
	a.checked()
	return w, err
}

// giveBack ends the window. The caller holds the core's lock.
func (a *Arena) giveBack() {
	b := a.window()
	if c := a.core; b.limit != 0 && !c.closed {
		c.chunks[c.current].giveBack(b.next)
	}
	*b = bump{}
}
