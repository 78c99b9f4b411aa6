// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Free takes back a block that this Allocator, or a Local of it, handed out. nil
// is ignored.
//
// Freeing anything else panics with a *MisuseError: a block that is free
// already, an address inside a block, memory of another Allocator or of Go, a
// block of an Allocator that was closed. The Allocator stays usable.
func (a *Allocator) Free(p unsafe.Pointer) {
	addr := raw.Addr(p)
	id := percpu.Pin() // first, so that nothing found has to be saved across the call
	if leaf := pagemap.Leaf(addr); leaf != 0 && a.hasCache(id) {
		if d := pagemap.Entry(leaf, addr); d != 0 {
			h := headerAt(d)
			if i := h.Index(addr); h.Owns(i, addr, atomic.LoadUintptr(&a.freeOwner)) {
				r, st := classCacheOf(a.cacheOf(id), h.Class), smallheap.StateOf(d, i)
				if was := *st; smallheap.IsPlain(was) && r.HasRoom() {
					r.Put(addr, st, was-smallheap.Live)
					percpu.Unpin(id)
					return
				}
			}
		}
	}
	percpu.Unpin(id)
	a.slowFree((*processors)(a), opFree, addr)
}

// slowFree serves what Free's fast path cannot.
func (a *Allocator) slowFree(h holder, op operation, addr uintptr) {
	s := a.gate.enter()
	if s == nil {
		a.freedLate(op, addr)
		return
	}
	defer s.leave()
	h.begin(op)
	defer h.end()
	a.free(h, op, addr)
}

// freedLate answers a free after Close.
func (a *Allocator) freedLate(op operation, addr uintptr) {
	if addr != 0 {
		panic(a.misuse(op, addr))
	}
}

// free is takeBack, recorded.
func (a *Allocator) free(h holder, op operation, addr uintptr) {
	a.recordFree(addr)
	a.takeBack(h, op, addr)
}

func headerAt(d uintptr) *pagemap.Header { return (*pagemap.Header)(raw.Pointer(d)) }

// liveBlock returns the state byte, the state and the class of the live small block that
// starts at addr; no state byte if none does.
func (a *Allocator) liveBlock(addr uintptr) (st *smallheap.State, was smallheap.State, c sizeclass.Class) {
	if d := pagemap.Get(addr); d != 0 {
		h := headerAt(d)
		i := h.Index(addr)
		st := smallheap.StateOf(d, i)
		if was := *st; h.Owns(i, addr, a.id) && smallheap.IsLive(was) {
			return st, was, h.Class
		}
	}
	return nil, 0, 0
}

// takeBack takes back a block: into a full magazine, of a large object, nil, and with
// every kind of misuse.
func (a *Allocator) takeBack(h holder, op operation, addr uintptr) {
	switch {
	case addr == 0:
	case a.checked != nil:
		a.checked.free(op, addr, nil)
	default:
		a.freeBlock(h, op, addr)
	}
}

// freeBlock frees a small block or a large object.
func (a *Allocator) freeBlock(h holder, op operation, addr uintptr) {
	st, was, c := a.liveBlock(addr)
	if st == nil {
		if !a.freeGuarded(h, op, addr) {
			a.freeLarge(op, addr)
		}
		return
	}
	claimSmall(op, addr, c, st, was)
	a.releaseSmall(h, op, addr, c, st, was)
}

// claimSmall takes the live small block at addr, whose state byte st was found to be was,
// from the program, before anything else is done to it.
func claimSmall(op operation, addr uintptr, c sizeclass.Class, st *smallheap.State, was smallheap.State) {
	if !smallheap.Change(st, was, smallheap.Freeing) {
		panic(freeingTwice(op, addr, c.Size()))
	}
}

// releaseSmall frees a claimed small block, which was in state was.
func (a *Allocator) releaseSmall(h holder, op operation, addr uintptr, c sizeclass.Class, st *smallheap.State, was smallheap.State) {
	if smallheap.Cause(was) == smallheap.Profiled {
		a.profile.Remove(addr)
	}
	if a.options.Hardening.ZeroOnFree {
		raw.Clear(addr, uintptr(c.Size()))
	}
	code := was & smallheap.CodeMask
	spare := uintptr(0) // a magazine on its way between the class cache and the depot
	for fetched := false; ; fetched = true {
		cache, id, err := h.acquire()
		if err != nil {
			a.returnMagazine(c, spare)
			a.freeToSpan(op, c, addr, st, code)
			return
		}
		r := a.classCache(h, op, cache, c)
		spare = r.MakeRoom(c, spare)
		ok := r.PutSlow(addr, st, code)
		h.release(id)
		a.returnMagazine(c, spare)
		if ok {
			if l := localOf(h); l != nil && fetched {
				l.bound(c)
			}
			return
		}
		if spare, err = a.depots[c].TakeEmpty(c); err != nil {
			a.freeToSpan(op, c, addr, st, code)
			return
		}
	}
}

// freeToSpan frees a block without a magazine, for when there is no memory for
// one: freeing must not fail.
func (a *Allocator) freeToSpan(op operation, c sizeclass.Class, addr uintptr, st *smallheap.State, code uint8) {
	empty, err := a.depots[c].Free(addr, st, code)
	if err != nil { // closed since the block was found live: its span has gone
		panic(a.misuse(op, addr))
	}
	a.releaseSpans(c, empty)
}

// freeLarge frees a large object, or tells why addr is not one.
func (a *Allocator) freeLarge(op operation, addr uintptr) {
	a.releaseLarge(a.claimLarge(op, addr, largeheap.Releasing), addr)
}

// claimLarge takes the large object at addr from the program, in the given state: before
// anything else is done to it, so that of several goroutines that free or resize it one
// goes on and the others panic.
func (a *Allocator) claimLarge(op operation, addr uintptr, to largeheap.State) largeheap.Descriptor {
	if !a.isLarge(addr) {
		panic(a.misuse(op, addr))
	}
	d, err := a.large.Claim(addr, to)
	if err != nil {
		panic(describeLarge(op, addr, err))
	}
	return d
}

// releaseLarge frees a claimed large object.
func (a *Allocator) releaseLarge(d largeheap.Descriptor, addr uintptr) {
	a.unprofile(d, addr)
	if a.options.Hardening.ZeroOnFree {
		a.large.Wipe(d)
	}
	a.putLarge(d, addr)
	a.wake()
}

// isLarge reports whether a large object of this allocator begins in the page
// of addr.
func (a *Allocator) isLarge(addr uintptr) bool {
	h := pagemap.HeaderOf(addr)
	return h != nil && h.Kind == pagemap.Large && h.Owner == a.id
}
