// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// Free frees block p, which this Allocator or a Local of it returned. nil is ignored.
//
// Freeing anything else panics with a *MisuseError: a block that is free already, an address
// inside a block, memory of another Allocator or of Go, a block of a closed Allocator. The
// Allocator stays usable.
func (a *Allocator) Free(p unsafe.Pointer) { freeAllocator(a, p) }

// slowFree serves Free when its fast path cannot.
func (a *Allocator) slowFree(h holder, op operation, addr uintptr) {
	a.init()
	if !a.gate.enter() {
		a.freedLate(op, addr)
		return
	}
	defer a.gate.leave()
	h.begin(op)
	defer h.end()
	a.free(h, op, addr)
}

// freedLate reports a free after Close.
func (a *Allocator) freedLate(op operation, addr uintptr) {
	if addr != 0 {
		panic(a.misuseAt(op, addr))
	}
}

// free records the operation and calls takeBack.
func (a *Allocator) free(h holder, op operation, addr uintptr) {
	a.recordFree(addr)
	a.takeBack(h, op, addr)
}

// takeBack frees the block at addr; nil is ignored.
func (a *Allocator) takeBack(h holder, op operation, addr uintptr) {
	if addr != 0 {
		a.backend.free(h, op, addr)
	}
}

// freeBlock frees a small block, a guarded block or a large object.
func (a *Allocator) freeBlock(h holder, op operation, addr uintptr) {
	r := resolve(addr, a.id)
	switch r.kind {
	case kindSmall:
		claimSmall(op, &r)
		a.releaseSmall(h, op, &r)
	case kindGuarded:
		a.releaseGuarded(h, op, a.claimGuarded(op, &r))
	case kindLarge:
		a.releaseLarge(a.claimLarge(op, &r, largeheap.Releasing), addr)
	default:
		panic(a.misuse(op, &r))
	}
}

// claimSmall marks a live small block as being freed, before anything else changes it. If
// another goroutine frees the block, claimSmall panics.
func claimSmall(op operation, r *resident) {
	if !smallheap.Change(r.state, r.was, smallheap.Freeing) {
		panic(freeingTwice(op, r.addr, r.class.Size()))
	}
}

// releaseSmall frees a claimed small block.
func (a *Allocator) releaseSmall(h holder, op operation, b *resident) {
	addr, st, c, code := b.addr, b.state, b.class, b.was&smallheap.CodeMask
	if smallheap.Cause(b.was) == smallheap.Profiled {
		a.profile.Remove(addr)
	}
	if a.options.Hardening.ZeroOnFree {
		raw.Clear(addr, uintptr(c.Size()))
	}
	bounded := localOf(h) != nil
	h = a.cacheFor(h, c)
	spare := uintptr(0) // a magazine on its way between the class cache and the depot
	for fetched := false; ; fetched = true {
		cache, id, err := h.acquire()
		if err != nil {
			a.returnMagazine(c, spare)
			a.freeToSpan(op, c, addr, st, code)
			return
		}
		r := a.classCache(h, op, cache, c, smallheap.PutRow(c))
		spare = r.MakeRoom(spare)
		ok := r.PutSlow(addr, st, code)
		want, over := a.exchanged(h, cache, r, c, bounded, fetched)
		full := uintptr(0) // goes to the depot in exchange for an empty one
		if !ok {
			full = r.GiveUp(uint32(a.depots[c].BatchRoom(c)))
		}
		h.release(id)
		a.returnMagazine(c, spare)
		if ok {
			if over {
				a.bound(h, c)
			}
			return
		}
		if spare, err = a.emptyMagazine(c, full, want); err != nil {
			a.freeToSpan(op, c, addr, st, code)
			return
		}
	}
}

// emptyMagazine returns a magazine of class c without blocks in exchange for full, which the depot
// takes, or 0. want is the room that the magazine should have.
func (a *Allocator) emptyMagazine(c sizeclass.Class, full uintptr, want uint32) (uintptr, error) {
	m, empty, err := a.depots[c].TakeEmpty(c, full, want)
	if full != 0 {
		a.releaseSpans(c, empty)
		a.wake()
	}
	return m, err
}

// freeToSpan frees a block without a magazine, if there is no memory for a magazine: freeing
// must not fail.
func (a *Allocator) freeToSpan(op operation, c sizeclass.Class, addr uintptr, st *smallheap.State, code uint8) {
	empty, err := a.depots[c].Free(addr, st, code)
	if err != nil { // closed since the block was found live: its span has gone
		panic(a.misuseAt(op, addr))
	}
	a.releaseSpans(c, empty)
	a.wake()
}

// claimLarge puts a large object into the given state, before anything else changes it. If
// several goroutines free or resize the object, one continues and the others panic.
func (a *Allocator) claimLarge(op operation, r *resident, to largeheap.State) largeheap.Descriptor {
	d := r.object()
	if err := a.large.Claim(d, r.addr, to); err != nil {
		panic(describeLarge(op, r.addr, err))
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
