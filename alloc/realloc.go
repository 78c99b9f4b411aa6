// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Realloc changes the size of block p to size bytes and returns its address, which may have
// changed. The contents are kept up to the smaller of both sizes; added bytes are unspecified.
// Large objects shrink without copying. They grow without copying, except into memory that was
// freed before.
//
// Realloc(nil, size) is Malloc(size). Realloc(p, 0) frees p and returns nil. If an error is
// returned, p is unchanged. The errors are those of Malloc. Misuse panics as in Free.
func (a *Allocator) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	if q := a.reallocFast((*processors)(a), p, size); q != nil {
		return q, nil
	}
	return a.realloc((*processors)(a), opRealloc, p, size, size)
}

// Recalloc resizes block p like Realloc, but keeps only the first kept bytes and zeroes the
// rest of the size bytes. If kept exceeds UsableSize, UsableSize bytes are kept. It is for
// blocks from Calloc. Pages that the kernel adds to a large object are zero without being
// written.
func (a *Allocator) Recalloc(p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	return a.realloc((*processors)(a), opRecalloc, p, kept, size)
}

// realloc implements Recalloc, and Realloc with kept equal to size.
func (a *Allocator) realloc(h holder, op operation, p unsafe.Pointer, kept, size int) (q unsafe.Pointer, err error) {
	if size < 0 || kept < 0 {
		return nil, &Error{Op: op.String(), Size: min(kept, size), Err: ErrInvalidSize}
	}
	try := func() (err error) {
		h.begin(op)
		defer h.end()
		if a.recorder.Load() != nil {
			q, err = a.recordResize(h, op, p, kept, size)
		} else {
			q, err = a.resize(h, op, p, kept, size)
		}
		return err
	}
	if err = a.inside(try); err != nil {
		err = a.retry(op, size, err, try)
	}
	if p != nil && errors.Is(err, ErrClosed) {
		panic(a.misuseAt(op, raw.Addr(p)))
	}
	return q, err
}

// resize is realloc, unrecorded.
func (a *Allocator) resize(h holder, op operation, p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	switch {
	case p == nil:
		return a.copied(h, op, 0, 0, uintptr(kept), size)
	case size == 0:
		a.free(h, op, raw.Addr(p))
		return nil, nil
	}
	return a.backend.realloc(h, op, raw.Addr(p), uintptr(kept), size)
}

// reallocBlock resizes the block or object at addr, where it is or by a move.
func (a *Allocator) reallocBlock(h holder, op operation, addr, kept uintptr, size int) (unsafe.Pointer, error) {
	r := resolve(addr, a.id)
	switch r.kind {
	case kindSmall:
		return a.reallocSmall(h, op, &r, kept, size)
	case kindGuarded:
		return a.reallocGuarded(h, op, a.claimGuarded(op, &r), kept, size)
	case kindLarge:
		return a.reallocLarge(h, op, &r, kept, size)
	}
	panic(a.misuse(op, &r))
}

// reallocSmall resizes a small block.
func (a *Allocator) reallocSmall(h holder, op operation, r *resident, kept uintptr, size int) (unsafe.Pointer, error) {
	if size < sizeclass.LargeMin {
		if cc := sizeclass.ClassCodeOf(size); cc.Class() == r.class {
			a.recode(op, r, cc.Code())
			clearFrom(r.addr, kept, uintptr(size))
			return raw.Pointer(r.addr), nil
		}
	}
	claimSmall(op, r)
	to, err := a.copied(h, op, r.addr, r.usable(), kept, size)
	if err != nil {
		*r.state = r.was
		return nil, err
	}
	a.releaseSmall(h, op, r)
	return to, nil
}

// reallocGuarded moves a claimed guarded block.
func (a *Allocator) reallocGuarded(h holder, op operation, s *guardSlot, kept uintptr, size int) (unsafe.Pointer, error) {
	to, err := a.copied(h, op, s.addr, s.size, kept, size)
	if err != nil {
		a.guardPool.show(s)
		return nil, err
	}
	a.releaseGuarded(h, op, s)
	return to, nil
}

// reallocLarge resizes a large object.
func (a *Allocator) reallocLarge(h holder, op operation, r *resident, kept uintptr, size int) (unsafe.Pointer, error) {
	addr, d := r.addr, a.claimLarge(op, r, largeheap.Resizing)
	if size < sizeclass.LargeMin {
		to, err := a.copied(h, op, addr, d.Usable(), kept, size)
		if err != nil {
			a.large.Unclaim(d)
			return nil, err
		}
		a.releaseLarge(d, addr)
		return to, nil
	}
	was := d.Requested()
	detached := a.lift(d, addr)
	d, now, err := a.resizeLarge(d, addr, kept, uintptr(size))
	switch {
	case err != nil:
		a.setDown(detached, d, addr, was)
		a.large.Unclaim(d)
		return nil, err
	case detached != 0:
		a.setDown(detached, d, now, uintptr(size))
	case uintptr(size) > was:
		a.grown(d, now, was, uintptr(size))
	}
	a.large.Unclaim(d)
	return raw.Pointer(now), nil
}

// resizeLarge is largeheap.Heap.Resize, except that it copies a growing object to an object of
// the processor's large-object cache if one suits.
func (a *Allocator) resizeLarge(d largeheap.Descriptor, addr, kept, size uintptr) (largeheap.Descriptor, uintptr, error) {
	if d.GrowsByCopy(kept, size) {
		if now := a.takeLarge(size, false); now != 0 {
			raw.Copy(now, addr, min(kept, d.Usable()))
			clearFrom(now, kept, size)
			a.releaseLarge(d, addr)
			return largeheap.Descriptor(pagemap.Get(now)), now, nil
		}
	}
	return a.large.Resize(d, kept, size)
}

// copied returns a new block of size bytes that begins with the first kept bytes of the
// block at addr, which has usable bytes. Zeros follow. Address 0 is that of no block.
func (a *Allocator) copied(h holder, op operation, addr, usable, kept uintptr, size int) (unsafe.Pointer, error) {
	to, zeroed, err := a.request(h, op, size, 1, false)
	if err != nil {
		return nil, err
	}
	n := min(usable, kept, uintptr(size))
	if addr != 0 {
		raw.Copy(to, addr, n)
	}
	if !zeroed && kept < uintptr(size) {
		a.space.Clear(to+kept, uintptr(size)-kept)
	}
	return raw.Pointer(to), nil
}

// clearFrom zeroes the block at addr from its kept-th byte on, up to size.
func clearFrom(addr, kept, size uintptr) {
	if kept < size {
		raw.Clear(addr+kept, size-kept)
	}
}

// recode notes that another part of a live small block is requested.
func (a *Allocator) recode(op operation, r *resident, code uint8) {
	c := r.class
	if !smallheap.Change(r.state, r.was, smallheap.Cause(r.was)|code) {
		panic(freeingTwice(op, r.addr, c.Size()))
	}
	change := uint64(code) - uint64(r.was&smallheap.CodeMask)
	id := percpu.Pin()
	if a.hasCache(id) {
		if cache := a.cacheOf(id); cache != emptyCache() {
			usedOf(cache).add(c)
			classCacheOf(cache, c).AddRequested(change)
			percpu.Unpin(id)
			return
		}
	}
	percpu.Unpin(id)
	a.depots[c].Account(0, change)
}
