// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// The functions of this file serve Malloc and Free, of an Allocator and of a Local. Each begins with
// a fast path. fast_amd64.s and fast_arm64.s have the fast paths once more, instruction by
// instruction, for the programs in which fast_asm.go finds that it may use them. Whatever changes
// here changes there.

// mallocGo is Allocator.Malloc.
//
//go:noinline
func mallocGo(a *Allocator, size int) (unsafe.Pointer, error) {
	if uint(size-1) < sizeclass.LargeMin-1 {
		id := percpu.Pin()
		if a.hasCache(id) {
			cc := sizeclass.ClassCodeOf(size)
			if r := classCacheFor(a.cacheOf(id), cc); r.Ready() {
				addr := r.Take(cc.Code())
				percpu.Unpin(id)
				return raw.Pointer(addr), nil
			}
		}
		percpu.Unpin(id)
	} else if size > 0 {
		if addr := a.mallocLarge(uintptr(size)); addr != 0 {
			return raw.Pointer(addr), nil
		}
	}
	return a.slowMalloc((*processors)(a), opMalloc, size)
}

// freeGo is Allocator.Free.
//
//go:noinline
func freeGo(a *Allocator, p unsafe.Pointer) {
	addr := raw.Addr(p)
	id := percpu.Pin() // first, so that nothing found has to be saved across the call
	if leaf := pagemap.Leaf(addr); leaf != 0 && a.hasCache(id) {
		if d := pagemap.Entry(leaf, addr); d != 0 {
			h := headerAt(d)
			if i := h.Index(addr); h.Owns(i, addr, atomic.LoadUintptr(&a.freeOwner)) {
				r, st := classCacheOf(a.cacheOf(id), h.Row), smallheap.StateOf(d, i)
				if was := *st; smallheap.IsPlain(was) && r.HasRoom() {
					r.Put(addr, st, was-smallheap.Live)
					percpu.Unpin(id)
					return
				}
			}
		}
	}
	percpu.Unpin(id)
	if !a.freeLarge(addr) {
		a.slowFree((*processors)(a), opFree, addr)
	}
}

// localMallocGo is Local.Malloc.
//
//go:noinline
func localMallocGo(l *Local, size int) (unsafe.Pointer, error) {
	l.use()
	if uint(size-1) < sizeclass.LargeMin-1 {
		cc := sizeclass.ClassCodeOf(size)
		if r := classCacheFor(atomic.LoadUintptr(&l.cache), cc); r.Ready() {
			return raw.Pointer(r.Take(cc.Code())), nil
		}
	}
	return l.a.slowMalloc(l, opMalloc, size)
}

// localFreeGo is Local.Free.
//
//go:noinline
func localFreeGo(l *Local, p unsafe.Pointer) {
	l.use()
	addr := raw.Addr(p)
	if leaf := pagemap.Leaf(addr); leaf != 0 {
		if d := pagemap.Entry(leaf, addr); d != 0 {
			h := headerAt(d)
			if i := h.Index(addr); h.Owns(i, addr, l.freeOwner) {
				r, st := classCacheOf(atomic.LoadUintptr(&l.cache), h.Row), smallheap.StateOf(d, i)
				if was := *st; smallheap.IsPlain(was) && r.HasRoom() {
					r.Put(addr, st, was-smallheap.Live)
					return
				}
			}
		}
	}
	if !l.a.freeLarge(addr) {
		l.a.slowFree(l, opFree, addr)
	}
}
