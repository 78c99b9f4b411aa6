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

// reallocFast is Realloc's fast path, for a small block p that becomes a small block of size
// bytes. It returns nil, and has changed nothing, if the slow path has more to do: h's cache has
// no block of the new class, or p is not a block that Free's fast path takes back, or the
// Allocator records or is closed.
//
// While the bytes are copied the old block is claimed, as in the slow path, and the caller is
// inside the gate.
func (a *Allocator) reallocFast(h holder, p unsafe.Pointer, size int) unsafe.Pointer {
	if uint(size-1) >= sizeclass.LargeMin-1 {
		return nil
	}
	addr, cc := raw.Addr(p), sizeclass.ClassCodeOf(size)
	id := percpu.Pin()
	st, c := smallheap.PlainBlock(addr, atomic.LoadUintptr(&a.freeOwner))
	if st == nil || a.recorder.Load() != nil {
		percpu.Unpin(id)
		return nil
	}
	was := *st
	if c == cc.Class() {
		in := a.recodeFast(id, st, was, cc)
		percpu.Unpin(id)
		if !in {
			return nil
		}
		return p
	}
	if !smallheap.IsPlain(was) || !a.gate.enterPinned(id) {
		percpu.Unpin(id)
		return nil
	}
	claimed := smallheap.Change(st, was, smallheap.Freeing)
	percpu.Unpin(id)
	defer a.gate.leave()
	if !claimed {
		return nil
	}
	to := takeOne(h, cc)
	if to == nil {
		*st = was
		return nil
	}
	raw.Copy(raw.Addr(to), addr, min(uintptr(c.Size()), uintptr(size)))
	*st = was
	if !putOne(h, p) {
		h.begin(opRealloc)
		defer h.end()
		a.backend.free(h, opRealloc, addr)
	}
	return to
}

// recodeFast notes that another part of a plain block with state was at st is requested: the part
// that cc says, in the same class. It reports false, and changes nothing, if the slot's cache
// cannot count that. The caller holds slot id.
func (a *Allocator) recodeFast(id int, st *smallheap.State, was smallheap.State, cc sizeclass.ClassCode) bool {
	if !a.hasCache(id) || !smallheap.IsPlain(was) {
		return false
	}
	cache := a.cacheOf(id)
	if cache == emptyCache() || !smallheap.Change(st, was, smallheap.Live|cc.Code()) {
		return false
	}
	usedOf(cache).add(cc.Class())
	classCacheFor(cache, cc).AddRequested(uint64(cc.Code()) - uint64(was&smallheap.CodeMask))
	return true
}

// takeOne takes a block from h's cache, or returns nil. It does not call through the interface,
// so that its array stays on the stack.
func takeOne(h holder, cc sizeclass.ClassCode) unsafe.Pointer {
	var one [1]unsafe.Pointer
	switch h := h.(type) {
	case *processors:
		h.takeBatch(cc, one[:])
	case *Local:
		h.takeBatch(cc, one[:])
	}
	return one[0]
}

// putOne frees a block into h's cache. It reports false if the cache has no room.
func putOne(h holder, p unsafe.Pointer) bool {
	one := [1]unsafe.Pointer{p}
	switch h := h.(type) {
	case *processors:
		return h.putBatch(one[:]) == 1
	case *Local:
		return h.putBatch(one[:]) == 1
	}
	return false
}
