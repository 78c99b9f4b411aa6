// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A resident is what lives at an address. Every slow path that is given an address asks
// resolve, once, and passes the answer on: the page map is read once for an operation.
//
//	kind      what lives there                                       d, and what else is known
//	none      memory of no Allocator                                 0
//	small     a live small block begins there                        the span; state, was
//	guarded   a live guarded block begins there                      the guards' table; slot
//	large     a live large object begins there                       the object's descriptor
//	foreign   memory of another Allocator than the one asked for     its descriptor
//	freed     a block or an object that is free begins there         as for a live one
//	inside    memory in which no block begins at the address         its descriptor
//
// Others may free the block meanwhile, if the program errs. Whoever is about to take the
// block claims it (free.go), which fails then.
type resident struct {
	kind  residentKind
	addr  uintptr
	d     uintptr          // address of the descriptor that the page map has for addr
	state *smallheap.State // the state byte of a small block
	was   smallheap.State  // the state that it had
	slot  int              // of a guarded block
}

type residentKind uint8

const (
	kindNone residentKind = iota
	kindSmall
	kindGuarded
	kindLarge
	kindForeign
	kindFreed
	kindInside
)

// anyOwner asks for the memory of every Allocator.
const anyOwner = 0

// resolve returns what lives at addr, as the Allocator with the identity owner sees it.
func resolve(addr, owner uintptr) resident {
	r := resident{addr: addr, d: pagemap.Get(addr)}
	if r.d == 0 {
		return r
	}
	h := r.header()
	switch {
	case owner != anyOwner && h.Owner != owner:
		r.kind = kindForeign
	case h.Kind == pagemap.Span:
		r.resolveSmall(h)
	case h.Kind == pagemap.Guarded:
		r.kind, r.slot = guardTableAt(r.d).resolve(addr)
	case !h.IsLarge(addr):
		r.kind = kindInside
	case r.object().IsLive():
		r.kind = kindLarge
	default:
		r.kind = kindFreed
	}
	return r
}

// resolveSmall is resolve for an address in a span.
func (r *resident) resolveSmall(h *pagemap.Header) {
	r.kind = kindInside
	i := h.Index(r.addr)
	if !h.Owns(i, r.addr, h.Owner) || i >= h.Blocks {
		return
	}
	r.state = smallheap.StateOf(r.d, i)
	if r.was = *r.state; smallheap.IsLive(r.was) {
		r.kind = kindSmall
	} else {
		r.kind = kindFreed
	}
}

// resolve is resolve for an address in the region of guarded blocks, which begins a live
// or free one if it is that of slot.
func (t *guardTable) resolve(addr uintptr) (kind residentKind, slot int) {
	i, offset := t.locate(addr)
	switch {
	case i < 0 || offset != 0:
		return kindInside, i
	case t.slots[i].state == guardLive:
		return kindGuarded, i
	}
	return kindFreed, i
}

func headerAt(d uintptr) *pagemap.Header { return (*pagemap.Header)(raw.Pointer(d)) }

func (r *resident) header() *pagemap.Header { return headerAt(r.d) }

// class returns the class of a small block.
func (r *resident) class() sizeclass.Class { return r.header().Class }

// object returns the descriptor of a large object.
func (r *resident) object() largeheap.Descriptor { return largeheap.Descriptor(r.d) }

// guardSlot returns the slot of a guarded block.
func (r *resident) guardSlot() *guardSlot { return &guardTableAt(r.d).slots[r.slot] }

// usable returns how many bytes of a live block or object may be used.
func (r *resident) usable() uintptr {
	switch r.kind {
	case kindSmall:
		return uintptr(r.header().Size)
	case kindGuarded:
		return r.guardSlot().size
	default:
		return r.object().Usable()
	}
}

// requested returns how many bytes were requested for a live block or object, rounded up
// as roomFor does.
func (r *resident) requested() uintptr {
	switch r.kind {
	case kindSmall:
		return uintptr(sizeclass.ClassCodeFor(r.class(), r.was&smallheap.CodeMask).Max())
	case kindGuarded:
		return r.guardSlot().size
	default:
		return r.object().Requested()
	}
}

// isLive reports whether a block or an object begins at the address that the program may
// use.
func (r *resident) isLive() bool {
	return r.kind == kindSmall || r.kind == kindGuarded || r.kind == kindLarge
}
