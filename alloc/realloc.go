package alloc

import (
	"errors"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Realloc changes the size of block p to size bytes and returns where it is now.
// The contents are kept up to the smaller of both sizes; what is added is
// unspecified. Large objects grow and shrink without copying.
//
// Realloc(nil, size) is Malloc(size). Realloc(p, 0) frees p and returns nil. If
// an error is returned, p is as it was; the errors are those of Malloc. A p that
// Free would not take panics with a *MisuseError.
func (a *Allocator) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	return a.realloc((*processors)(a), "Realloc", p, size, size)
}

// Recalloc is Realloc, but of the contents only the first kept bytes count, at most
// UsableSize of them, and all that follow in the size bytes are zero. It is for
// blocks that begin as Calloc's: pages that the kernel adds to a large object are
// zero without being written to.
func (a *Allocator) Recalloc(p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	return a.realloc((*processors)(a), "Recalloc", p, kept, size)
}

// realloc is Recalloc, and Realloc if all of size is kept.
func (a *Allocator) realloc(h holder, op string, p unsafe.Pointer, kept, size int) (q unsafe.Pointer, err error) {
	if size < 0 || kept < 0 {
		return nil, &Error{Op: op, Size: min(kept, size), Err: ErrInvalidSize}
	}
	err = a.retry(h, op, size, func() (err error) {
		if a.recorder.Load() != nil {
			q, err = a.recordResize(h, op, p, kept, size)
		} else {
			q, err = a.resize(h, op, p, kept, size)
		}
		return err
	})
	if p != nil && errors.Is(err, ErrClosed) {
		panic(a.misuse(op, raw.Addr(p)))
	}
	return q, err
}

// resize is realloc, unrecorded.
func (a *Allocator) resize(h holder, op string, p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	addr := raw.Addr(p)
	switch {
	case p == nil:
		return a.replace(h, op, 0, 0, uintptr(kept), size)
	case size == 0:
		a.free(h, op, addr)
		return nil, nil
	}
	if a.checked != nil {
		return a.replace(h, op, addr, a.checked.usable(op, addr), uintptr(kept), size)
	}
	st, was, c := a.liveBlock(addr)
	if st == nil {
		if _, s := a.takeGuarded(op, addr, guardLive); s != nil {
			return a.replace(h, op, addr, s.size, uintptr(kept), size)
		}
		return a.reallocLarge(h, op, addr, uintptr(kept), size)
	}
	if size < sizeclass.LargeMin {
		if fit := sizeclass.FitOf(size); fit.Class() == c {
			if !a.recode(c, st, was, fit.Code()) {
				panic(freeingTwice(op, addr, c.Size()))
			}
			clearFrom(addr, uintptr(kept), uintptr(size))
			return p, nil
		}
	}
	return a.replace(h, op, addr, uintptr(c.Size()), uintptr(kept), size)
}

// reallocLarge resizes a large object.
func (a *Allocator) reallocLarge(h holder, op string, addr, kept uintptr, size int) (unsafe.Pointer, error) {
	if !a.isLarge(addr) {
		panic(a.misuse(op, addr))
	}
	usable, err := a.large.Usable(addr)
	if err != nil {
		panic(explainLarge(op, addr, err))
	}
	if size < sizeclass.LargeMin {
		return a.replace(h, op, addr, usable, kept, size)
	}
	was := a.large.Requested(addr)
	detached := a.lift(addr)
	now, err := a.large.ResizeZero(addr, kept, uintptr(size))
	if err != nil {
		a.setDown(detached, addr, was)
		return nil, err
	}
	if detached != 0 {
		a.setDown(detached, now, uintptr(size))
	} else if uintptr(size) > was {
		a.grown(h, now, was, uintptr(size))
	}
	return raw.Pointer(now), nil
}

// replace copies the block at addr, which has usable bytes, into a new one of size
// bytes, of which it zeroes those behind the first kept, and frees it. Address 0 is
// that of no block.
func (a *Allocator) replace(h holder, op string, addr, usable, kept uintptr, size int) (unsafe.Pointer, error) {
	to, zeroed, err := a.request(h, op, size, 1, kept < uintptr(size))
	if err != nil {
		return nil, err
	}
	n := min(usable, kept, uintptr(size))
	if addr != 0 {
		copy(raw.Bytes(to, n), raw.Bytes(addr, n))
	}
	if !zeroed {
		clearFrom(to, kept, uintptr(size))
	}
	a.takeBack(h, op, addr)
	return raw.Pointer(to), nil
}

// clearFrom zeroes the block at addr from its kept-th byte on, up to size.
func clearFrom(addr, kept, size uintptr) {
	if kept < size {
		clear(raw.Bytes(addr+kept, size-kept))
	}
}

// recode notes that another part of a live block in state was is requested. It reports
// false if another goroutine frees or resizes the block now.
func (a *Allocator) recode(c sizeclass.Class, st *smallheap.State, was smallheap.State, code uint8) bool {
	if !smallheap.Change(st, was, smallheap.Cause(was)|code) {
		return false
	}
	change := uint64(code) - uint64(was&smallheap.CodeMask)
	id := percpu.Pin()
	if a.hasCache(id) {
		if cache := a.cacheOf(id); cache != emptyCache() {
			classCacheOf(cache, c).AddRequested(change)
			percpu.Unpin(id)
			return true
		}
	}
	percpu.Unpin(id)
	a.depots[c].Account(0, change)
	return true
}
