// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A resident describes what is at an address. A slow path that takes an address calls resolve
// once and passes the result on. So each operation reads the page map once.
//
//	kind      what is at the address                                 d, and the other fields set
//	none      memory of no Allocator                                 0
//	small     a live small block begins there                        the span; state, was, class
//	guarded   a live guarded block begins there                      the guard table; slot
//	large     a live large object begins there                       the object's descriptor
//	foreign   memory of an Allocator other than owner                its descriptor
//	freed     a free block or object begins there, or a shadow       as for a live one
//	inside    memory of owner, but no block begins at the address    its descriptor
//
// In an incorrect program another goroutine may free the block after resolve returns. The
// code that takes the block back claims it first (free.go). The claim fails if the block was
// freed in between.
type resident struct {
	kind  residentKind
	addr  uintptr
	d     uintptr          // address of the descriptor that the page map has for addr
	state *smallheap.State // address of the state byte of a small block
	was   smallheap.State  // value of *state when resolve read it
	class sizeclass.Class  // of a small block
	slot  int              // index of a guarded block's slot
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

// anyOwner, as the owner passed to resolve, accepts the memory of every Allocator.
const anyOwner = 0

// resolve returns what is at addr, from the view of the Allocator whose identity is owner.
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
		r.resolveSmall(*h)
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

// resolveSmall does the work of resolve for an address in a span. h is a copy of the span's header.
func (r *resident) resolveSmall(h pagemap.Header) {
	r.kind, r.class = kindInside, h.Class
	i := h.Index(r.addr)
	if !h.Owns(i, r.addr, h.Owner) || !hasBlock(&h, i) {
		return
	}
	r.state = smallheap.StateOf(r.d, i)
	r.kind = kindFreed
	if r.was = *r.state; smallheap.IsPlain(r.was) || smallheap.IsLive(r.was) && !isShadow(h.Owner, r.addr) {
		r.kind = kindSmall
	}
}

// resolve does the work of the function resolve for an address in the guard pool. If a live
// or a free guarded block begins at addr, slot is the index of the block's slot.
func (t *guardTable) resolve(addr uintptr) (kind residentKind, slot int) {
	i, offset := t.nearest(addr)
	switch {
	case i < 0 || offset != 0:
		return kindInside, i
	case t.slots[i].state == guardLive:
		return kindGuarded, i
	}
	return kindFreed, i
}

// isShadow reports whether the small block at addr, which belongs to the Allocator whose identity is
// owner, is the shadow of a guarded block.
func isShadow(owner, addr uintptr) bool {
	a := allocators.get(owner)
	return a != nil && a.guardPool.hasShadow(addr)
}

// hasBlock reports whether h is a span's header, and the span has a block with the number i. A caller
// can find the descriptor of a span that another goroutine frees meanwhile, and then other data there.
// So h is a copy, and only what hasBlock accepts leads to a state.
func hasBlock(h *pagemap.Header, i uint32) bool {
	return int(h.Class) < sizeclass.Count && i < h.Blocks && h.Blocks == uint32(h.Class.Blocks())
}

func headerAt(d uintptr) *pagemap.Header { return (*pagemap.Header)(raw.Pointer(d)) }

func (r *resident) header() *pagemap.Header { return headerAt(r.d) }

// isBeforeLarge reports whether the address is in front of the large object for whose start the
// page map has an entry.
func (r *resident) isBeforeLarge() bool {
	h := r.header()
	return h.Kind == pagemap.Large && r.addr < h.Base-pagemap.LargeBias
}

// object returns the descriptor of a large object.
func (r *resident) object() largeheap.Descriptor { return largeheap.Descriptor(r.d) }

// guardSlot returns the slot of a guarded block.
func (r *resident) guardSlot() *guardSlot { return &guardTableAt(r.d).slots[r.slot] }

// usable returns how many bytes of a live block or object the program may use.
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

// requested returns how many bytes the program requested for a live block or object. The
// result is rounded up in the same way as roomFor rounds.
func (r *resident) requested() uintptr {
	switch r.kind {
	case kindSmall:
		return uintptr(sizeclass.ClassCodeFor(r.class, r.was&smallheap.CodeMask).Max())
	case kindGuarded:
		return r.guardSlot().size
	default:
		return r.object().Requested()
	}
}

// isLive reports whether a live block or a live object begins at the address.
func (r *resident) isLive() bool {
	return r.kind == kindSmall || r.kind == kindGuarded || r.kind == kindLarge
}
