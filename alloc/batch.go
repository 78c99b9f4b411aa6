// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// MallocBatch allocates a block of size bytes for each element of blocks, as Malloc does, and
// stores the addresses there. It takes less time than as many calls of Malloc.
//
// It returns the number of blocks that it allocated. If that is less than len(blocks), the error
// says why: it is that of Malloc. The first n elements are live blocks then, and the others are
// unchanged. Free or FreeBatch frees the blocks, in any order.
func (a *Allocator) MallocBatch(size int, blocks []unsafe.Pointer) (n int, err error) {
	return a.mallocBatch((*processors)(a), opMalloc, size, blocks)
}

// CallocBatch allocates zeroed blocks. Otherwise it is like MallocBatch.
func (a *Allocator) CallocBatch(size int, blocks []unsafe.Pointer) (n int, err error) {
	return a.mallocBatch((*processors)(a), opCalloc, size, blocks)
}

// FreeBatch frees all blocks, whatever their sizes, as Free does. nil elements are ignored. It
// takes less time than as many calls of Free, most of all if neighbours have the same size.
//
// Misuse panics as in Free, and ends the batch. The *MisuseError has the index of the element:
// the blocks before it are freed, and those after it are still live. A block that is twice in
// the batch is misused at the second place.
func (a *Allocator) FreeBatch(blocks []unsafe.Pointer) { a.freeBatch((*processors)(a), blocks) }

// MallocBatch is Allocator.MallocBatch.
func (l *Local) MallocBatch(size int, blocks []unsafe.Pointer) (n int, err error) {
	l.use()
	return l.a.mallocBatch(l, opMalloc, size, blocks)
}

// CallocBatch is Allocator.CallocBatch.
func (l *Local) CallocBatch(size int, blocks []unsafe.Pointer) (n int, err error) {
	l.use()
	return l.a.mallocBatch(l, opCalloc, size, blocks)
}

// FreeBatch is Allocator.FreeBatch.
func (l *Local) FreeBatch(blocks []unsafe.Pointer) {
	l.use()
	l.a.freeBatch(l, blocks)
}

// mallocBatch serves MallocBatch and CallocBatch. Small blocks come from h's cache. If the cache
// has no block of the class, whole magazines of the depot go to the caller. If the batch needs
// less than a magazine, or something else has to be done, the slow path of Malloc allocates the
// next block, and loads a magazine for those after it.
func (a *Allocator) mallocBatch(h holder, op operation, size int, blocks []unsafe.Pointer) (n int, err error) {
	defer inBatch(&n, len(blocks))
	small := uint(size-1) < sizeclass.LargeMin-1
	for n < len(blocks) {
		k := 0
		if small {
			var twice uintptr
			k, twice, err = a.mallocFast(h, op, size, blocks[n:], len(blocks))
			if n += k; twice != 0 {
				panic(freedTwiceAtOnce(op, twice, sizeclass.Of(size)))
			}
		}
		if k == 0 && err == nil {
			var p unsafe.Pointer
			if p, err = a.slowMalloc(h, op, size); err == nil {
				blocks[n] = p
				n++
			}
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// mallocFast allocates small blocks from h's cache or from whole magazines, for a batch of length
// blocks. It returns 0 blocks if the slow path has to allocate the next one. twice is as in Chain.Take.
func (a *Allocator) mallocFast(h holder, op operation, size int, out []unsafe.Pointer, length int) (n int, twice uintptr, err error) {
	cc := sizeclass.ClassCodeOf(size)
	n, used := h.takeBatch(cc, out)
	switch {
	case n == 0 && a.wholeMagazines(cc.Class(), len(out), length):
		n, twice = a.takeFromDepot(h, op, cc, size, out, length)
	case used != 0 && op.needZero():
		err = a.clearBatch(out[:n], used, size)
	}
	return n, twice, err
}

// wholeMagazines reports whether a batch of length blocks, of which n blocks of class c remain,
// moves whole magazines between the depot and the program. If the batch fits into the two magazines
// of a class cache, it does not: then the class cache should have these magazines.
func (a *Allocator) wholeMagazines(c sizeclass.Class, n, length int) bool {
	room := a.depots[c].BatchRoom(c)
	return length > 2*room && n >= room
}

// maxChain is the largest number of blocks that a batch moves between the depot and the program
// at a time. Meanwhile no other goroutine has the magazines.
const maxChain = 512

// takeFromDepot takes blocks from magazines of the depot, without h's cache. It returns 0 blocks
// if the slow path has to be taken. twice is as in Chain.Take.
func (a *Allocator) takeFromDepot(h holder, op operation, cc sizeclass.ClassCode, size int, out []unsafe.Pointer, length int) (n int, twice uintptr) {
	if a.options.Hardening.RandomOrder { // the slow path shuffles magazines
		return 0, 0
	}
	a.init()
	if !a.gate.enter() {
		return 0, 0
	}
	defer a.gate.leave()
	h.begin(op)
	defer h.end()
	cache, id, err := h.acquire()
	if err != nil {
		return 0, 0
	}
	c := cc.Class()
	n = a.classCache(h, op, cache, c, c).PassOver(min(len(out), maxChain))
	h.release(id)
	if n == 0 { // the sampler has to be asked
		return 0, 0
	}
	l := a.depots[c].TakeChain(c, n, length)
	if l == 0 {
		return 0, 0
	}
	n, twice = l.Take(cc, out[:n], op.needZero(), size)
	a.releaseSpans(c, a.depots[c].PutChain(c, l, uint64(n), uint64(n)*uint64(cc.Code())))
	return n, twice
}

// clearBatch zeroes the blocks whose bits in used are set. After Close it fails.
func (a *Allocator) clearBatch(blocks []unsafe.Pointer, used uint32, size int) error {
	if !a.gate.enter() {
		return &Error{Op: opCalloc.String(), Size: size, Err: ErrClosed}
	}
	defer a.gate.leave()
	smallheap.Clear(blocks, used, size)
	return nil
}

// freeBatch serves FreeBatch. It puts blocks into h's cache. If the cache has no room, whole
// magazines go to the depot. If less than a magazine is to be freed, or something else has to be
// done, the slow path of Free frees the next block, and makes room for those after it.
func (a *Allocator) freeBatch(h holder, blocks []unsafe.Pointer) {
	n := 0
	defer inBatch(&n, len(blocks))
	for n < len(blocks) {
		k := h.putBatch(blocks[n:min(n+smallheap.MaxBatch, len(blocks))])
		if k == 0 && blocks[n] == nil {
			k = 1
		}
		if k == 0 {
			k = a.putToDepot(h, blocks[n:], len(blocks))
		}
		if k == 0 {
			a.slowFree(h, opFree, raw.Addr(blocks[n]))
			k = 1
		}
		n += k
	}
}

// putToDepot frees blocks of a batch of length blocks from the first one on, without h's cache, if
// those for a whole magazine seem to be of one class and Free's fast path would take them back.
// Otherwise it returns 0, and the slow path has to be taken.
func (a *Allocator) putToDepot(h holder, blocks []unsafe.Pointer, length int) (n int) {
	a.init()
	if !a.gate.enter() {
		return 0
	}
	defer a.gate.leave()
	h.begin(opFree)
	defer h.end()
	owner := atomic.LoadUintptr(&a.freeOwner)
	st, c := smallheap.PlainBlock(raw.Addr(blocks[0]), owner)
	if st == nil || !a.wholeMagazines(c, len(blocks), length) {
		return 0
	}
	if _, of := smallheap.PlainBlock(raw.Addr(blocks[min(a.depots[c].BatchRoom(c), len(blocks))-1]), owner); of != c {
		return 0
	}
	blocks = blocks[:min(len(blocks), maxChain)]
	l := a.depots[c].EmptyChain(c, len(blocks))
	n, requested := l.Put(c, owner, blocks)
	a.releaseSpans(c, a.depots[c].PutChain(c, l, 0, -requested))
	a.wake()
	return n
}

// putBatch frees blocks into the magazines of a cache, until one has no room or Free's fast path
// would not take a block back.
func putBatch(cache, owner uintptr, blocks []unsafe.Pointer) (n int) {
	for n < len(blocks) {
		st, c := smallheap.PlainBlock(raw.Addr(blocks[n]), owner)
		if st == nil {
			break
		}
		r := classCacheOf(cache, smallheap.PutRow(c))
		if !r.HasRoom() && !r.FindRoom() {
			break
		}
		n += r.PutBatch(c, owner, blocks[n:])
	}
	return n
}

func (p *processors) takeBatch(cc sizeclass.ClassCode, out []unsafe.Pointer) (n int, used uint32) {
	a := (*Allocator)(p)
	id := percpu.Pin()
	if a.hasCache(id) {
		n, used = classCacheFor(a.cacheOf(id), cc).TakeBatch(cc, out)
	}
	percpu.Unpin(id)
	return n, used
}

func (p *processors) putBatch(blocks []unsafe.Pointer) (n int) {
	a := (*Allocator)(p)
	id := percpu.Pin()
	if a.hasCache(id) {
		n = putBatch(a.cacheOf(id), atomic.LoadUintptr(&a.freeOwner), blocks)
	}
	percpu.Unpin(id)
	return n
}

//go:noinline
func (l *Local) takeBatch(cc sizeclass.ClassCode, out []unsafe.Pointer) (n int, used uint32) {
	return classCacheFor(atomic.LoadUintptr(&l.cache), cc).TakeBatch(cc, out)
}

//go:noinline
func (l *Local) putBatch(blocks []unsafe.Pointer) int {
	return putBatch(atomic.LoadUintptr(&l.cache), l.freeOwner, blocks)
}

// inBatch adds the index *n in a batch of the given length to a misuse that panics.
func inBatch(n *int, length int) {
	if v := recover(); v != nil {
		if e, ok := v.(*MisuseError); ok {
			e.Batch, e.Index = length, *n
		}
		panic(v)
	}
}
