// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Malloc returns a block of size bytes with unspecified contents. It is aligned to 16 bytes,
// from 128 KiB on to 64 bytes. All of its UsableSize bytes may be used. Any goroutine may free
// it.
//
// A size of 0 returns a unique pointer, which must be freed. The error wraps ErrInvalidSize if
// size is negative, otherwise ErrOutOfMemory, ErrLimit or ErrClosed.
func (a *Allocator) Malloc(size int) (unsafe.Pointer, error) { return mallocAllocator(a, size) }

// Calloc returns a zeroed block for n elements of size bytes each. Otherwise it is like
// Malloc. If n·size overflows, the error wraps ErrInvalidSize.
func (a *Allocator) Calloc(n, size int) (unsafe.Pointer, error) {
	total := n * size
	if uint(n)|uint(size) > mayOverflow {
		var err error
		if total, err = product(opCalloc.String(), n, size); err != nil {
			return nil, err
		}
	}
	if uint(total-1) < sizeclass.LargeMin-1 {
		id := percpu.Pin()
		if a.hasCache(id) {
			cc := sizeclass.ClassCodeOf(total)
			if r := classCacheFor(a.cacheOf(id), cc); r.Ready() {
				zeroed := r.Zeroed()
				addr := r.Take(cc.Code())
				if !zeroed && total <= clearedPinned {
					raw.Clear(addr, uintptr(total))
					zeroed = true
				}
				percpu.Unpin(id)
				if !zeroed {
					return a.cleared(addr, total)
				}
				return raw.Pointer(addr), nil
			}
		}
		percpu.Unpin(id)
	}
	return a.slowMalloc((*processors)(a), opCalloc, total)
}

// clearedPinned is the maximal number of bytes cleared while pinned: some dozen instructions.
// Clearing them causes no page fault, because the block has been used before.
const clearedPinned = 512

// cleared zeroes a block that was just taken from a magazine.
func (a *Allocator) cleared(addr uintptr, size int) (unsafe.Pointer, error) {
	if !a.gate.enter() {
		return nil, &Error{Op: opCalloc.String(), Size: size, Err: ErrClosed}
	}
	defer a.gate.leave()
	raw.Clear(addr, uintptr(size))
	return raw.Pointer(addr), nil
}

// mayOverflow is the largest number whose square is an int. The product of two numbers up to
// mayOverflow needs no check.
const mayOverflow = 1<<((bits.UintSize-1)/2) - 1

// product returns n·size.
func product(op string, n, size int) (int, error) {
	if n < 0 || size < 0 || size > 0 && n > math.MaxInt/size {
		return 0, tooMany(op, n, size)
	}
	return n * size, nil
}

// slowMalloc serves Malloc and Calloc when their fast paths cannot.
func (a *Allocator) slowMalloc(h holder, op operation, size int) (unsafe.Pointer, error) {
	addr, _, err := a.allocate(h, op, size, 1)
	return raw.Pointer(addr), err
}

// allocate serves every request that the loaded magazine cannot. If the operation needs zeros,
// the block is returned zeroed.
func (a *Allocator) allocate(h holder, op operation, size, align int) (addr uintptr, zeroed bool, err error) {
	a.init()
	if addr, zeroed, err = a.allocateOnce(h, op, size, align); err != nil {
		addr, zeroed, err = a.allocateAgain(h, op, size, align, err)
	}
	if a.options.Logger != nil && size >= sizeclass.LargeMin {
		a.warnMany()
	}
	return addr, zeroed, err
}

// allocateOnce serves the request inside the gate.
func (a *Allocator) allocateOnce(h holder, op operation, size, align int) (addr uintptr, zeroed bool, err error) {
	if !a.gate.enter() {
		return 0, false, ErrClosed
	}
	defer a.gate.leave()
	return a.serve(h, op, size, align)
}

// allocateAgain repeats the request while retry makes room for it. err is the error of the
// first try.
func (a *Allocator) allocateAgain(h holder, op operation, size, align int, err error) (uintptr, bool, error) {
	var addr uintptr
	var zeroed bool
	err = a.retry(op, size, err, func() (err error) {
		addr, zeroed, err = a.serve(h, op, size, align)
		return err
	})
	return addr, zeroed, err
}

// serve returns a block and records it. The caller is inside the gate.
func (a *Allocator) serve(h holder, op operation, size, align int) (addr uintptr, zeroed bool, err error) {
	h.begin(op)
	defer h.end()
	addr, zeroed, err = a.request(h, op, size, align, op.needZero())
	if err != nil {
		return 0, false, err
	}
	if op.needZero() && !zeroed {
		raw.Clear(addr, uintptr(size))
		zeroed = true
	}
	if a.recorder.Load() != nil {
		a.recordNew(addr, op.event(size, align))
	}
	return addr, zeroed, nil
}

// request returns a block at a multiple of align, a power of two. If needZero is set,
// large objects are returned zeroed. zeroed reports whether the block is known to be zero.
func (a *Allocator) request(h holder, op operation, size, align int, needZero bool) (addr uintptr, zeroed bool, err error) {
	if size < 0 {
		return 0, false, ErrInvalidSize
	}
	return a.backend.malloc(h, op, size, align, needZero)
}

// obtain returns a small block or a large object, as request does.
func (a *Allocator) obtain(h holder, op operation, size, align int, needZero bool) (addr uintptr, zeroed bool, err error) {
	if size >= sizeclass.LargeMin && align <= largeAlign {
		return a.allocLarge(op, uintptr(size), needZero)
	}
	// Spans begin at a multiple of the page size. A multiple of align that is no
	// block size itself lies in a class whose sizes are all multiples of align.
	n := int(raw.AlignUp(uintptr(max(size, 1)), uintptr(align)))
	if size < sizeclass.LargeMin && n < sizeclass.LargeMin && align <= sizeclass.PageSize {
		return a.allocSmall(h, op, n)
	}
	sampled := a.sampleLarge(uintptr(max(size, 1)))
	addr, zeroed, err = a.large.Alloc(uintptr(max(size, 1)), uintptr(align), needZero)
	if err == nil && sampled {
		a.sampledLarge(addr, uintptr(max(size, 1)), op.kind(heapprof.Large))
	}
	return addr, zeroed, err
}

// allocSmall takes a block from h's cache. While the cache has none, it brings magazines from
// the depot.
func (a *Allocator) allocSmall(h holder, op operation, size int) (addr uintptr, zeroed bool, err error) {
	cc := sizeclass.ClassCodeOf(size)
	c := cc.Class()
	bounded := localOf(h) != nil
	h = a.cacheFor(h, c)
	spare := uintptr(0) // a magazine on its way between the depot and the class cache
	row := smallheap.PutRow(c)
	grow := row == c // whether a span may be added; first the blocks in the other class cache are used
	for fetched := false; ; fetched = true {
		cache, id, err := h.acquire()
		if err != nil {
			a.returnMagazine(c, spare)
			return 0, false, err
		}
		r := a.classCache(h, op, cache, c, c)
		spare = r.Refill(spare)
		if row != c && r.Empty() {
			r.TakeOver(a.classCache(h, op, cache, c, row), grow)
		}
		found := r.HasBlock()
		twice := !found && !r.Empty()
		sampled := found && a.sampler.sampleNext(r, c)
		if found {
			addr, zeroed = r.TakeSlow(cc.Code(), sampled)
		} else if twice {
			addr = r.Drop()
		}
		split := r.SplitCount()
		want, over := a.exchanged(h, cache, r, c, bounded, fetched)
		if !found && !twice && spare == 0 {
			spare = r.GiveUp(uint32(a.depots[c].BatchRoom(c)))
		}
		h.release(id)
		if split > 0 {
			a.depots[c].Account(split, 0)
		}
		if found || twice {
			a.returnMagazine(c, spare)
			if over {
				a.bound(h, c)
			}
			switch {
			case addr == 0:
				panic(sharedLocal(op))
			case twice:
				panic(freedTwiceAtOnce(op, addr, c))
			}
			if sampled {
				if at := a.sampledBlock(addr, c, size, op.kind(heapprof.Small)); at != 0 {
					return at, true, nil
				}
			}
			return addr, zeroed, nil
		}
		if spare, err = a.fullMagazine(c, spare, want, grow); err != nil {
			return 0, false, err
		}
		grow = true
	}
}

// fullMagazine returns a magazine of class c with blocks in exchange for spare, which has none or is
// 0. want is the room that the magazine should have. If the depot has no blocks, it adds spans, or
// returns a magazine without blocks if grow is not set.
func (a *Allocator) fullMagazine(c sizeclass.Class, spare uintptr, want uint32, grow bool) (uintptr, error) {
	m, err := a.depots[c].TakeFull(c, spare, want)
	if err != nil {
		return 0, err
	}
	if !smallheap.HasBlocks(m) && grow {
		if err := a.addSpans(c, m); err != nil {
			a.returnMagazine(c, m)
			return 0, err
		}
	}
	if a.options.Hardening.RandomOrder {
		smallheap.Shuffle(m)
	}
	return m, nil
}

// returnMagazine puts magazine m into the depot, unless m is 0.
func (a *Allocator) returnMagazine(c sizeclass.Class, m uintptr) {
	if m != 0 {
		a.releaseSpans(c, a.depots[c].Put(c, m))
		a.wake()
	}
}

// allocLarge returns a large object from the processor's cache or from the large heap. If needZero is set,
// the object is zeroed. zeroed reports whether it is known to be zero.
func (a *Allocator) allocLarge(op operation, size uintptr, needZero bool) (addr uintptr, zeroed bool, err error) {
	sampled := a.sampleLarge(size)
	addr = a.takeLarge(size, needZero)
	zeroed = needZero
	if addr == 0 {
		if addr, zeroed, err = a.large.Alloc(size, 1, needZero); err != nil {
			return 0, false, err
		}
	}
	if sampled {
		a.sampledLarge(addr, size, op.kind(heapprof.Large))
	}
	return addr, zeroed, nil
}
