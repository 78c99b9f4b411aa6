// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A Local is a handle to an Allocator with a cache of its own, for one goroutine
// at a time. It saves what finding and holding the processor's cache costs. Its
// blocks are the Allocator's: they may be freed through either and by any
// goroutine, through its own handle.
//
// Close returns the cache. A Local that is collected without Close returns it too.
type Local struct {
	a         *Allocator
	freeOwner uintptr // the Allocator's
	cache     uintptr // emptyCache before the first use and after Close
	cleanup   runtime.Cleanup
}

// NewLocal returns a handle with an empty cache.
func (a *Allocator) NewLocal() *Local {
	a.init()
	return &Local{a: a, freeOwner: a.freeOwner, cache: emptyCache()}
}

// hold returns the Local's cache, which it makes at the first use.
func (l *Local) acquire() (cache uintptr, id int, err error) {
	if l.cache == emptyCache() || l.a.gate.closed.Load() {
		err = l.open()
	}
	return l.cache, 0, err
}

func (l *Local) release(int) {}

func (l *Local) open() error {
	a := l.a
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gate.closed.Load() {
		return ErrClosed
	}
	cache, err := newCache()
	if err != nil {
		return err
	}
	if a.locals == nil {
		a.locals = map[uintptr]struct{}{}
	}
	a.locals[cache] = struct{}{}
	l.cache = cache
	l.cleanup = runtime.AddCleanup(l, a.closeLocal, cache)
	return nil
}

// Close returns what the Local has cached to the Allocator. The Local may be used
// again afterwards, with a new cache.
func (l *Local) Close() {
	if l.cache != emptyCache() {
		l.cleanup.Stop()
		l.a.closeLocal(l.cache)
		l.cache = emptyCache()
	}
}

// closeLocal returns a Local's cache. Allocator.Close may have emptied it.
func (a *Allocator) closeLocal(cache uintptr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, open := a.locals[cache]; open {
		delete(a.locals, cache)
		a.drain(cache)
	}
	metadata.Free(cache, cacheSize)
}

// closeLocals empties the caches of all Locals, so that their next operation
// finds nothing and learns that the Allocator is closed. The caches themselves
// are left to their Locals, which may be about to look at them, to free.
func (a *Allocator) closeLocals() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for cache := range a.locals {
		a.drain(cache)
	}
	a.locals = nil
}

// Malloc is Allocator.Malloc.
func (l *Local) Malloc(size int) (unsafe.Pointer, error) {
	if uint(size-1) < sizeclass.LargeMin-1 {
		cc := sizeclass.ClassCodeOf(size)
		if r := classCacheFor(l.cache, cc); r.Ready() {
			return raw.Pointer(r.Take(cc.Code())), nil
		}
	}
	return l.a.slowMalloc(l, opMalloc, size)
}

// Calloc is Allocator.Calloc.
func (l *Local) Calloc(n, size int) (unsafe.Pointer, error) {
	total, err := product(opCalloc.String(), n, size)
	if err != nil {
		return nil, err
	}
	if uint(total-1) < sizeclass.LargeMin-1 {
		cc := sizeclass.ClassCodeOf(total)
		if r := classCacheFor(l.cache, cc); r.Ready() {
			zeroed := r.Zeroed()
			addr := r.Take(cc.Code())
			if !zeroed {
				raw.Clear(addr, uintptr(total))
			}
			return raw.Pointer(addr), nil
		}
	}
	return l.a.slowMalloc(l, opCalloc, total)
}

// Memalign is Allocator.Memalign.
func (l *Local) Memalign(align, size int) (unsafe.Pointer, error) {
	return l.a.memalign(l, align, size)
}

// Realloc is Allocator.Realloc.
func (l *Local) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	return l.a.realloc(l, opRealloc, p, size, size)
}

// Recalloc is Allocator.Recalloc.
func (l *Local) Recalloc(p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	return l.a.realloc(l, opRecalloc, p, kept, size)
}

// Free is Allocator.Free.
func (l *Local) Free(p unsafe.Pointer) {
	addr := raw.Addr(p)
	if leaf := pagemap.Leaf(addr); leaf != 0 {
		if d := pagemap.Entry(leaf, addr); d != 0 {
			h := headerAt(d)
			if i := h.Index(addr); h.Owns(i, addr, l.freeOwner) {
				r, st := classCacheOf(l.cache, h.Class), smallheap.StateOf(d, i)
				if was := *st; smallheap.IsPlain(was) && r.HasRoom() {
					r.Put(addr, st, was-smallheap.Live)
					return
				}
			}
		}
	}
	l.a.slowFree(l, opFree, addr)
}
